"""What `handset modem doctor` says of each finding, in Chinese and English: what was seen, what it means, what to do.

The commands are for a shell on Debian or Raspberry Pi OS and the same in both languages. Fields in braces are filled
with the facts of the finding.
"""

from dataclasses import dataclass

from gsm.doctor import Check, Verdict
from wire.response_codes import Language

_BothLanguages = tuple[str, str]
# How a person says one AT command to a modem; socat is in Debian's package of that name.
_AT = "printf '{command}\\r' | socat -t {wait_s} - {port},b{baud},raw,echo=0"
# Looking for networks "takes a long time" (Huawei MG323 AT Command Interface Specification, 8.2.1); how long is chosen.
_SEARCH_S = 180


@dataclass(frozen=True, slots=True)
class Advice:
    """One row: Chinese and English of what was seen and of what it means; what to do, and the commands for it."""

    seen: _BothLanguages
    means: _BothLanguages | None = None
    todo: _BothLanguages | None = None
    commands: tuple[str, ...] = ()


def said(texts: _BothLanguages | None, language: Language, **facts: object) -> str:
    """A text in a language with its fields filled; nothing for none."""
    return texts[0 if language == "zh" else 1].format(**facts) if texts else ""


def _at(command: str, wait_s: int = 5) -> str:
    return _AT.replace("{command}", command).replace("{wait_s}", str(wait_s))


TITLES: dict[Check, _BothLanguages] = {
    Check.DEVICE: ("设备", "Device"),
    Check.PERMISSION: ("权限", "Permission"),
    Check.RIVAL: ("别的程序", "Another program"),
    Check.MODE_SWITCH: ("模式切换", "Mode switch"),
    Check.INTERFACE: ("接口", "Interface"),
    Check.ANSWERS: ("应答 AT", "Answers AT"),
    Check.SIM: ("SIM 卡", "SIM"),
    Check.PIN: ("PIN 码", "PIN"),
    Check.REGISTERED: ("登记网络", "Registered"),
    Check.SIGNAL: ("信号", "Signal"),
    Check.CENTRE: ("短信中心", "SMS centre"),
    Check.NUMBER: ("本机号码", "Own number"),
    Check.STORAGE: ("短信空间", "SMS storage"),
    Check.TEST_SMS: ("测试短信", "Test SMS"),
    Check.POWER: ("供电", "Power"),
    Check.CLOCK: ("时钟", "Clock"),
}

_SEE_PORTS = "handset modem list"
_JOIN_GROUP = "sudo adduser {user} {group}"
_TO_MODEM_MANAGER = (
    "echo '{rule}' | sudo tee -a /etc/udev/rules.d/78-mm-yinxin.rules",
    "sudo udevadm control --reload && sudo udevadm trigger",
    "sudo systemctl restart ModemManager",
)

ADVICE: dict[Verdict, Advice] = {
    Verdict.DEVICE_FOUND: Advice(("{port}（{name}）", "{port} ({name})")),
    Verdict.DEVICE_MISSING: Advice(
        ("没有可能接着调制解调器的串口。", "There is no serial port that may have a modem behind it."),
        (
            "没有插好、供电不足，或者还没有切换模式。",
            "It is not plugged in, lacks power, or has not switched its mode.",
        ),
        (
            "插好调制解调器，最好用带电源的 USB 集线器，再看系统看到了什么：",
            "Plug it in, best into a USB hub with its own power supply, and see what the system sees:",
        ),
        ("lsusb", "sudo dmesg | tail -n 30"),
    ),
    Verdict.DEVICE_SEVERAL: Advice(
        ("有几个调制解调器应答：{others}", "Several modems answer: {others}"),
        ("不知道该用哪一个。", "It cannot be known which one is meant."),
        ("用 --port 选择一个：", "Choose one with --port:"),
        (_SEE_PORTS, "handset --port PORT modem doctor"),
    ),
    Verdict.PORT_MISSING: Advice(
        ("{port} 不存在。现有：{others}", "{port} is not there. There are: {others}"),
        (
            "没有插好，或者重新插拔后换了名字。",
            "It is not plugged in, or has another name since it was plugged in again.",
        ),
        (
            "使用 /dev/serial/by-id 中不变的名字，或者不写 --port：",
            "Use its lasting name in /dev/serial/by-id, or leave --port out:",
        ),
        (_SEE_PORTS,),
    ),
    Verdict.PORT_DANGLING: Advice(
        (
            "{port} 是一个链接，它指向的端口不存在。现有：{others}",
            "{port} is a link, and the port it leads to is not there. There are: {others}",
        ),
        (
            "调制解调器已被拔下，或者留下链接的程序已经结束。",
            "The modem was unplugged, or the program that made the link has ended.",
        ),
        (
            "插好调制解调器，或者重新启动那个程序；现有的端口：",
            "Plug the modem in, or start that program again; the ports that are there:",
        ),
        (_SEE_PORTS,),
    ),
    Verdict.NOT_A_PORT: Advice(
        ("{port} 不是串口，而是{kind}。现有：{others}", "{port} is no serial port but {kind}. There are: {others}"),
        ("--port 写错了。", "It is not what --port is to name."),
        ("选用真正的端口，或者不写 --port：", "Name a port that is there, or leave --port out:"),
        (_SEE_PORTS,),
    ),
    Verdict.PERMITTED: Advice(("用户 {user} 可以使用 {port}。", "The user {user} may use {port}.")),
    Verdict.NOT_IN_GROUP: Advice(
        (
            "用户 {user} 无权使用 {port}；它属于 {group} 组。",
            "The user {user} may not use {port}, which belongs to the group {group}.",
        ),
        ("串口只对本组成员开放。", "Serial ports are open to members of their group."),
        ("加入该组，然后重新登录：", "Join the group, then log in again:"),
        (_JOIN_GROUP,),
    ),
    Verdict.GROUP_NOT_YET: Advice(
        (
            "用户 {user} 已加入 {group} 组，但这次登录还不是成员。",
            "The user {user} has joined the group {group}, but not yet in this session.",
        ),
        ("用户组在登录时生效。", "Groups are taken up at login."),
        ("退出后重新登录，或者：", "Log out and in again, or:"),
        ("newgrp {group}",),
    ),
    Verdict.NOT_PERMITTED: Advice(
        ("用户 {user} 无权使用 {port}（组 {group}）。", "The user {user} may not use {port} (group {group})."),
        (
            "端口的权限不同寻常；Debian 的 udev 规则把串口给 dialout 组。",
            "Its rights are unusual; Debian's udev rules give serial ports to the group dialout.",
        ),
        ("把端口交给 dialout 组并加入该组：", "Give the port to the group dialout, and join it:"),
        ("sudo chgrp dialout {port} && sudo chmod g+rw {port}", "sudo adduser {user} dialout"),
    ),
    Verdict.NOBODY_ELSE: Advice(("没有看到别的程序使用 {port}。", "No other program is seen to use {port}.")),
    Verdict.HELD: Advice(
        ("{port} 正被 {program}（进程 {process}）使用。", "{port} is in use by {program} (process {process})."),
        ("两个程序会抢走彼此的应答。", "Two programs take each other's answers away."),
        ("结束那个程序：", "End that program:"),
        ("kill {process}",),
    ),
    Verdict.MODEM_MANAGER: Advice(
        (
            "ModemManager 正在运行，没有 udev 规则让它避开 {port}。",
            "ModemManager runs, and no udev rule keeps it away from {port}.",
        ),
        (
            "它会打开每一个新插入的调制解调器，占用端口数十秒甚至一直占用。",
            "It opens every modem that is plugged in, and keeps the port for half a minute or for good.",
        ),
        ("写一条 udev 规则让它忽略这个设备：", "Write a udev rule that has it ignore this device:"),
        _TO_MODEM_MANAGER,
    ),
    Verdict.SWITCHED: Advice(("没有仍处于存储模式的调制解调器。", "No modem is still in storage mode.")),
    Verdict.STORAGE_MODE: Advice(
        ("{ids}（{name}）仍然是一个存储盘。", "{ids} ({name}) still is a drive."),
        (
            "它先显示装有驱动程序的存储盘，切换之后才有串口。",
            "It first shows a drive with its software; serial ports appear only once it is switched.",
        ),
        ("安装 usb_modeswitch，然后重新插拔：", "Install usb_modeswitch, then unplug it and plug it in:"),
        ("sudo apt install usb-modeswitch",),
    ),
    Verdict.INTERFACE_RIGHT: Advice(("{port} 是已知的 AT 接口。", "{port} is known to take AT commands.")),
    Verdict.INTERFACE_UNKNOWN: Advice(
        ("不知道 {port} 的用途，将直接询问。", "It is not known what {port} is for; it is asked.")
    ),
    Verdict.INTERFACE_WRONG: Advice(
        ("{port} 的用途是：{role}。", "{port} is for something else: {role}."),
        (
            "调制解调器有几个端口，只有一两个接受 AT 指令。",
            "A modem has several ports, one or two of which take AT commands.",
        ),
        ("选用它的 AT 端口（{better}）；全部端口：", "Choose its port for AT commands ({better}); all ports:"),
        (_SEE_PORTS,),
    ),
    Verdict.INTERFACE_SECOND: Advice(
        (
            "{port} 也许接受 AT 指令，但 {better} 更合适。",
            "{port} may take AT commands, but {better} is the better one.",
        ),
        ("有些调制解调器只在主要端口上通知新短信。", "Some modems tell of new messages on their first AT port only."),
        ("改用：", "Use instead:"),
        ("handset --port {better} modem doctor",),
    ),
    Verdict.ANSWERS: Advice(("{name} 应答 AT。", "{name} answers AT.")),
    Verdict.SILENT: Advice(
        ("{port} 不应答 AT。", "{port} does not answer AT."),
        (
            "后面没有调制解调器、它已死机，或者速率不对。",
            "There is no modem behind it, it hangs, or the speed is another.",
        ),
        (
            "拔下等十秒再插；询问所有端口；串行线上的模块请用 --baud 给出速率：",
            "Unplug it, wait ten seconds, plug it in; ask all ports; for a module on a serial line give its --baud:",
        ),
        (_SEE_PORTS, "handset --baud 9600 modem list"),
    ),
    Verdict.NOT_A_MODEM: Advice(
        ("{port} {reply}。", "{port} {reply}."),
        ("这是别的设备或接口，或者速率不对。", "It is another device or interface, or the speed is another."),
        ("看看哪个端口应答：", "See which port answers:"),
        (_SEE_PORTS, "handset --baud 9600 modem list"),
    ),
    Verdict.CANNOT_OPEN: Advice(
        ("{port} 无法使用：{reply}。", "{port} cannot be used: {reply}."),
        ("被别的程序锁定，或者设备刚被拔下。", "Another program has locked it, or it was just unplugged."),
        ("看看谁在使用：", "See who uses it:"),
        ("sudo fuser -v {port}",),
    ),
    Verdict.WENT_SILENT: Advice(
        ("{port} 中途不再应答。", "{port} stopped answering."),
        (
            "它重新启动了、被拔下了，或者死机了；常见原因是供电不足。",
            "It started anew, was unplugged, or hangs; often for want of power.",
        ),
        (
            "拔下等十秒再插，最好接到带电源的集线器，再检查一次：",
            "Unplug it, wait ten seconds, plug it in, best into a powered hub, and look again:",
        ),
        ("handset --port {port} modem doctor",),
    ),
    Verdict.SIM_PRESENT: Advice(("读到了 SIM 卡。", "There is a SIM.")),
    Verdict.SIM_MISSING: Advice(
        ("读不到 SIM 卡（{said}）。", "No SIM can be read ({said})."),
        (
            "没有插卡、插反了、触点脏，或者卡已损坏。",
            "None is inserted, or the wrong way round, or its contacts are dirty, or it is broken.",
        ),
        (
            "断电后取出 SIM 卡，擦净触点，重新插好，再检查一次：",
            "Without power take the SIM out, wipe its contacts, put it back, and look again:",
        ),
        ("handset --port {port} modem doctor",),
    ),
    Verdict.SIM_BUSY: Advice(
        ("SIM 卡一直忙（{said}）。", "The SIM stays busy ({said})."),
        ("它还在启动，或者卡住了。", "It is still starting, or hangs."),
        (
            "等半分钟再检查；仍然忙就重新插拔：",
            "Wait half a minute and look again; if it is still busy, unplug it and plug it in:",
        ),
        ("handset --port {port} modem doctor",),
    ),
    Verdict.PIN_NOT_ASKED: Advice(("SIM 卡不要求 PIN。", "The SIM asks for no PIN.")),
    Verdict.PIN_ASKED: Advice(
        ("SIM 卡要求 PIN；这里不会输入它。", "The SIM asks for its PIN, which is not entered here."),
        ("输入之前不能登记网络，也不能收发短信。", "Until it is entered, there is no network and no SMS."),
        (
            "手机程序会向您询问；或者把 PIN 放进权限为 0600 的文件，或者在手机上关闭 PIN 请求：",
            "The app asks you for it; or put it into a file of mode 0600; or switch the PIN request off in a phone:",
        ),
        ("handset --port {port} --sim-pin-file FILE",),
    ),
    Verdict.PIN_AT_HAND: Advice(
        (
            "SIM 卡要求 PIN；--sim-pin-file 已给出，手机程序会输入，这里不会。",
            "The SIM asks for its PIN. The app will enter the one of --sim-pin-file; it is not entered here.",
        ),
    ),
    Verdict.PUK_ASKED: Advice(
        ("SIM 卡已锁，要求 PUK；没有输入任何密码。", "The SIM is blocked and asks for its PUK; nothing was entered."),
        (
            "PIN 连错三次。PUK 错十次，卡就永久报废。",
            "The PIN was wrong three times. A PUK that is wrong ten times ends the SIM for good.",
        ),
        (
            "把卡放进手机，用运营商给的 PUK 解锁，然后再检查一次：",
            "Put the SIM into a phone, unlock it with the PUK from your operator, then look again:",
        ),
        ("handset --port {port} modem doctor",),
    ),
    Verdict.OTHER_LOCK: Advice(
        ("调制解调器要求“{lock}”。", "The modem asks for '{lock}'."),
        ("它被锁定在某个网络或某张卡上。", "It is locked to a network or to another SIM."),
        (
            "请卖方或运营商解锁，或者换一张卡；它的说法：",
            "Have its seller or operator unlock it, or use another SIM; what it says:",
        ),
        (_at("AT+CPIN?"),),
    ),
    Verdict.AT_HOME: Advice(("已登记到归属网络。", "Registered with the home network.")),
    Verdict.ABROAD: Advice(("已登记，处于漫游。", "Registered, roaming.")),
    Verdict.SEARCHING: Advice(
        ("正在搜索网络。", "It is searching for a network."),
        (
            "信号太弱、天线没有接好，或者才刚启动。",
            "The signal is too weak, the antenna is loose, or it has just started.",
        ),
        (
            "接好天线，移到窗边，等一分钟再检查；或者让它重新搜索：",
            "Fasten the antenna, move to a window, wait a minute and look again; or have it search anew:",
        ),
        (_at("AT+COPS=0"),),
    ),
    Verdict.DENIED: Advice(
        ("网络拒绝登记。", "The network refuses it."),
        (
            "SIM 卡已停用、欠费，或者这个网络不接受它。",
            "The SIM is barred, has no credit, or is not taken by this network.",
        ),
        (
            "请联系运营商；它看到的网络（等三分钟）：",
            "Ask your operator; the networks that it sees (wait three minutes):",
        ),
        (_at("AT+COPS=?", _SEARCH_S),),
    ),
    Verdict.NOT_SEARCHING: Advice(
        ("没有登记，也没有搜索网络。", "It is not registered and does not search."),
        (
            "无线电已关闭（飞行模式）、选择了手动网络，或者没有任何网络。",
            "Its radio is off (flight mode), a network was chosen by hand, or there is none at all.",
        ),
        (
            "打开无线电并自动选择网络；看看天线：",
            "Switch the radio on and have it choose by itself; look at the antenna:",
        ),
        (_at("AT+CFUN=1"), _at("AT+COPS=0")),
    ),
    Verdict.SIGNAL_GOOD: Advice(("{dbm} dBm（{rssi}/31）", "{dbm} dBm ({rssi} of 31)")),
    Verdict.SIGNAL_WEAK: Advice(
        ("只有 {dbm} dBm（{rssi}/31）。", "Only {dbm} dBm ({rssi} of 31)."),
        ("短信可能发不出去，发送时耗电也最多。", "Messages may not get out, and sending takes the most power."),
        ("移到窗边或接外置天线，再看：", "Move it to a window or use an outside antenna, and look again:"),
        (_at("AT+CSQ"),),
    ),
    Verdict.SIGNAL_NONE: Advice(
        ("没有信号。", "There is no signal."),
        ("没有网络覆盖，或者天线没有接上。", "There is no coverage, or no antenna."),
        ("接好天线，移到窗边，再看：", "Fasten the antenna, move to a window, and look again:"),
        (_at("AT+CSQ"),),
    ),
    Verdict.CENTRE_SET: Advice(("{centre}", "{centre}")),
    Verdict.CENTRE_UNSET: Advice(
        ("没有设置短信中心号码。", "No number of an SMS centre is set."),
        ("没有它，短信发不出去。", "Without it no message is sent."),
        ("向运营商询问号码，然后设置：", "Ask your operator for the number, and set it:"),
        (_at('AT+CSCA="+NUMBER",145'),),
    ),
    Verdict.NUMBER_KNOWN: Advice(("{number}（{place}）", "{number} ({place})")),
    Verdict.NUMBER_KEPT: Advice(("{number}（本程序为这张卡保存的）", "{number} (kept by the handset for this SIM)")),
    Verdict.NUMBER_GIVEN: Advice(("{number}（由 --number 给出）", "{number} (given by --number)")),
    Verdict.NUMBER_UNKNOWN: Advice(
        ("SIM 卡不知道自己的号码，这里也没有保存。", "The SIM does not know its own number, and none is kept of it."),
        ("许多 SIM 卡都没有写入号码；登记时需要它。", "Many SIMs were never told; the operator must be told it."),
        (
            "给出号码（手机程序也会问一次并保存），或者把它写进卡里：",
            "Give it (the app asks for it too, once, and keeps it), or write it onto the SIM:",
        ),
        (
            "handset --port {port} --number MSISDN modem doctor",
            _at('AT+CPBS="ON"') + " && " + _at('AT+CPBW=1,"+MSISDN",145'),
        ),
    ),
    Verdict.SPACE: Advice(("{memory}：{used}/{total}", "{memory}: {used} of {total} in use")),
    Verdict.SPACE_SHORT: Advice(
        ("{memory} 几乎已满：{used}/{total}。", "{memory} is almost full: {used} of {total} in use."),
        ("满了以后就收不到短信。", "Once it is full, no message arrives any more."),
        ("删除已读短信（未读的保留）：", "Delete the messages that were read (unread ones stay):"),
        (_at('AT+CPMS="{memory}";+CMGD=1,1'),),
    ),
    Verdict.FULL: Advice(
        ("{memory} 已满：{used}/{total}。", "{memory} is full: {used} of {total} in use."),
        ("收不到任何短信，网络替它保存着。", "No message arrives; the network keeps them for now."),
        ("删除已读短信（未读的保留）：", "Delete the messages that were read (unread ones stay):"),
        (_at('AT+CPMS="{memory}";+CMGD=1,1'),),
    ),
    Verdict.SPACE_UNKNOWN: Advice(("调制解调器不说明短信空间。", "The modem does not tell of its storage.")),
    Verdict.SMS_ARRIVED: Advice(("发给 {number} 的短信收到了。", "A message to {number} came back.")),
    Verdict.SMS_NOT_WANTED: Advice(
        (
            "没有发送：需要您同意（--test-sms），会产生一条短信的费用。",
            "Not sent: it needs your consent (--test-sms), for it costs one message.",
        )
    ),
    Verdict.SMS_REFUSED: Advice(
        ("发给 {number} 的短信没有发出：{said}", "A message to {number} was not sent: {said}"),
        (
            "网络或调制解调器拒绝了它：余额、短信中心或号码不对。",
            "Network or modem refused it: credit, SMS centre or number are wrong.",
        ),
        ("检查余额和短信中心号码：", "Check the credit, and the number of the SMS centre:"),
        (_at("AT+CSCA?"),),
    ),
    Verdict.SMS_UNKNOWN: Advice(
        (
            "不知道发给 {number} 的短信是否发出：{said}",
            "It is not known whether a message to {number} was sent: {said}",
        ),
        (
            "网络很慢，或者调制解调器在发送时重新启动（供电不足）。",
            "The network is slow, or the modem started anew while sending, for want of power.",
        ),
        ("等一会儿再试：", "Wait a while and try again:"),
        ("handset --port {port} modem doctor --test-sms",),
    ),
    Verdict.SMS_LOST: Advice(
        ("发给 {number} 的短信已发出，但没有收到。", "A message to {number} was sent and has not come back."),
        ("本机号码不对，或者网络很慢。", "The own number is wrong, or the network is slow."),
        ("核对号码，再试一次：", "Check the number, and try again:"),
        ("handset --port {port} --number MSISDN modem doctor --test-sms",),
    ),
    Verdict.POWER_GOOD: Advice(("启动以来电压正常。", "The voltage has been right since the start.")),
    Verdict.POWER_WAS_LOW: Advice(
        ("启动以来出现过欠压（{throttled}）。", "There was under-voltage since the start ({throttled})."),
        (
            "调制解调器发送时要 2 A；电压下降会使它重新启动并再次要求 PIN。",
            "A modem takes up to 2 A while it sends; when the voltage falls it starts anew and asks for its PIN.",
        ),
        (
            "用官方电源和带电源的集线器，重新启动后再看：",
            "Use the official power supply and a powered hub, start anew, and look again:",
        ),
        ("vcgencmd get_throttled",),
    ),
    Verdict.POWER_LOW: Advice(
        ("现在欠压（{throttled}）。", "There is under-voltage now ({throttled})."),
        ("电源或电线太弱；调制解调器会重新启动。", "Power supply or cable are too weak; the modem will start anew."),
        (
            "换电源和短电线，把调制解调器接到带电源的集线器，再看：",
            "Change the power supply and use a short cable, put the modem on a powered hub, and look again:",
        ),
        ("vcgencmd get_throttled",),
    ),
    Verdict.POWER_NOT_MEASURED: Advice(
        (
            "vcgencmd 没有回答：不是树莓派，或者您不在 video 组。",
            "vcgencmd does not tell: this is no Raspberry Pi, or you are not in its group video.",
        )
    ),
    Verdict.CLOCK_RIGHT: Advice(("与网络时间相差 {off_s} 秒。", "{off_s} s from the network's time.")),
    Verdict.CLOCK_WRONG: Advice(
        (
            "系统时钟与网络时间（{network}）相差 {off_s} 秒。",
            "The system's clock is {off_s} s from the network's time ({network}).",
        ),
        (
            "到账通知和日志的时间会不对，证书可能被拒绝。",
            "Notices and logs have the wrong time, and certificates may be refused.",
        ),
        ("打开网络对时，或者用网络告知的时间：", "Have it set by the Internet, or by what the network said:"),
        ("sudo timedatectl set-ntp true", "sudo date --set '{network}'"),
    ),
    Verdict.CLOCK_NOT_TOLD: Advice(("网络没有告知时间，无从比较。", "The network has told no time to compare with.")),
    Verdict.NOT_TOLD: Advice(("调制解调器没有说明（{said}）。", "The modem does not tell ({said}).")),
    Verdict.IN_THE_WAY: Advice(("未检查：先解决“{because}”。", "Not looked at: “{because}” comes first.")),
}
