"""What is said of serial ports and of a modem's health, in Chinese and English (see `handset.texts`)."""

from enum import unique

from gsm.asking import Reply
from gsm.find import NoModemFound, SeveralModems
from gsm.own_number import Place
from gsm.port_path import Unfit
from gsm.usb_modems import Role
from handset.texts import Sentence
from wire.response_codes import Language


@unique
class ModemText(Sentence):
    """The texts of `handset modem`."""

    # ports: what they answered, what they are for
    ANSWERED = ("应答 AT", "answers AT")
    SILENT = ("没有应答", "does not answer")
    NOISE = ("有输出，但不是 AT 应答", "says something, but no answer to AT")
    POSITIONS_HEARD = ("输出定位数据（NMEA）", "says positions (NMEA)")
    IN_USE = ("被别的程序占用", "in use by another program")
    FORBIDDEN = ("无权打开（dialout 组）", "you may not open it (group dialout)")
    MISSING = ("不存在", "is not there")
    UNUSABLE = ("无法打开", "cannot be opened")
    NOT_ASKED = ("未询问：{role}", "not asked: {role}")
    ROLE_AT = ("AT 指令", "AT commands")
    ROLE_LIKELY = ("可能是 AT 指令", "perhaps AT commands")
    ROLE_UNKNOWN = ("用途未知", "use unknown")
    ROLE_DIAGNOSTICS = ("诊断", "diagnostics")
    ROLE_POSITIONS = ("定位（GNSS）", "positions (GNSS)")
    ROLE_AUDIO = ("语音", "audio")
    ROLE_RESERVED = ("厂商保留", "the maker's own use")
    ROLE_NO_MODEM = ("不是调制解调器", "no modem")
    # what was given for a port and is none
    PORT_MISSING = ("{port} 不存在。", "{port} is not there.")
    PORT_DANGLING = (
        "{port} 是一个链接，它指向的端口不存在。",
        "{port} is a link, and the port it leads to is not there.",
    )
    NOT_A_PORT = ("{port} 不是串口，而是{kind}。", "{port} is no serial port but {kind}.")
    KIND_FOLDER = ("文件夹", "a folder")
    KIND_FILE = ("普通文件", "a plain file")
    KIND_OTHER = ("别的设备", "another device, which is no terminal")
    # where a SIM's own number was found
    PLACE_SUBSCRIBER = ("SIM 卡，+CNUM", "from the SIM, by +CNUM")
    PLACE_PHONEBOOK = ("SIM 卡，电话簿 ON", "from the SIM's phonebook ON")
    PLACE_FILE = ("SIM 卡，文件 EF MSISDN", "from the SIM's file EF MSISDN")
    SEE_PORTS = ("现有的端口：handset modem list", "To see which ports are there: handset modem list")
    # the choice of a port where none was given
    NO_MODEM_FOUND = (
        "没有找到调制解调器。handset modem list 列出端口，handset modem doctor 说明原因；"
        "--port 指定端口，--demo 不需要调制解调器。",
        "No modem was found. handset modem list shows the ports, handset modem doctor tells what is wrong; "
        "--port names a port, --demo needs no modem.",
    )
    SEVERAL_MODEMS = (
        "有几个调制解调器应答：{listed}。请用 --port 选择一个。",
        "Several modems answer: {listed}. Choose one with --port.",
    )
    INTERFACE = ("接口 {number}", "interface {number}")
    CHOSEN = ("* 未给出 --port 时使用这个端口", "* the port that is used where --port is not given")
    CHOSEN_BY_PORT = (
        "* --port 给出的端口；没有询问别的端口",
        "* the port that --port names; no other was asked",
    )
    NO_ANSWER = (
        "这个端口没有应答。原因：handset --port {port} modem doctor",
        "It does not answer. Why: handset --port {port} modem doctor",
    )
    NO_PORTS = (
        "没有找到串口。请插好调制解调器；handset modem doctor 说明原因。",
        "There is no serial port. Plug the modem in; handset modem doctor tells what is wrong.",
    )
    NOBODY_ANSWERS = (
        "没有端口应答 AT。请运行 handset modem doctor。",
        "No port answers AT. Run: handset modem doctor",
    )

    # the doctor
    ASK_TEST_SMS = (
        "发一条短信给自己（{number}）来测试？会产生一条短信的费用。[y/N]",
        "Send one SMS to itself ({number}) as a test? It costs one message. [y/N]",
    )
    BROKEN_OFF = ("已中断，检查没有做完。", "Broken off: not all was looked at.")
    NAME_UNKNOWN = ("型号未知", "make unknown")
    NONE_LISTED = ("无", "none")
    FINDING = ("{mark} {title}：{seen}", "{mark} {title}: {seen}")
    ALL_WELL = ("没有发现问题。", "Nothing to mend was found.")
    TO_MEND = ("有问题需要解决，见上面标有 ✗ 的各项。", "There is something to mend: see what is marked ✗.")


REPLIES = {
    Reply.ANSWERED: ModemText.ANSWERED,
    Reply.SILENT: ModemText.SILENT,
    Reply.NOISE: ModemText.NOISE,
    Reply.POSITIONS: ModemText.POSITIONS_HEARD,
    Reply.IN_USE: ModemText.IN_USE,
    Reply.FORBIDDEN: ModemText.FORBIDDEN,
    Reply.MISSING: ModemText.MISSING,
    Reply.UNUSABLE: ModemText.UNUSABLE,
}
ROLES = {role: ModemText[f"ROLE_{role.name}"] for role in Role}
PLACES = {place: ModemText[f"PLACE_{place.name}"] for place in Place}
KINDS = {
    Unfit.FOLDER: ModemText.KIND_FOLDER,
    Unfit.FILE: ModemText.KIND_FILE,
    Unfit.OTHER: ModemText.KIND_OTHER,
}


def said_of_unfit(port: str, kind: Unfit, language: Language) -> str:
    """Why this is no serial port, and where to see those that are."""
    port = port or "''"
    match kind:
        case Unfit.MISSING:
            sentence = ModemText.PORT_MISSING.say(language, port=port)
        case Unfit.DANGLING:
            sentence = ModemText.PORT_DANGLING.say(language, port=port)
        case _:
            sentence = ModemText.NOT_A_PORT.say(language, port=port, kind=KINDS[kind].say(language))
    return f"{sentence}{'' if language == 'zh' else ' '}{ModemText.SEE_PORTS.say(language)}"


def said_of_choice(error: NoModemFound | SeveralModems, language: Language) -> str:
    """Why no port was chosen where none was given."""
    if isinstance(error, NoModemFound):
        return ModemText.NO_MODEM_FOUND.say(language)
    named = (f"{each.path} ({each.name})" if each.name else each.path for each in error.answering)
    return ModemText.SEVERAL_MODEMS.say(language, listed=", ".join(named))
