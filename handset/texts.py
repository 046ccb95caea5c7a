"""Every sentence that the customer reads, in Chinese and English, in one table.

What a response code means to the customer is in `wire.response_codes`, what is said of ports and of a modem's health
in `handset.modem_texts`; nothing else that is shown stands anywhere else.
A sentence says what happened and what to do next. Fields in braces are filled by `say`.
"""

from enum import Enum, unique

from handset.actions import Refusal, SendOutcome
from handset.amounts import AmountFault
from handset.bearer import Trouble
from wire.response_codes import Language, lookup

LANGUAGES: tuple[Language, ...] = ("zh", "en")


class Sentence(Enum):
    """A table of texts: one row a text, Chinese and English."""

    def say(self, language: Language, **values: object) -> str:
        """Return the text in a language with its fields filled."""
        zh, en = self.value
        text: str = zh if language == "zh" else en
        return text.format(**values)


@unique
class Text(Sentence):
    """What is said of transfers, balances and the phone."""

    TITLE = ("银信", "Yinxin")
    STATUS = ("{number} · 信号 {signal}", "{number} · signal {signal}")
    SIGNAL_UNKNOWN = ("未知", "unknown")
    NUMBER_UNKNOWN = ("号码未知", "number unknown")
    SIM_LINE = ("SIM 卡 {imsi} · 号码 {number}", "SIM {imsi} · number {number}")
    CONNECTED = ("已连接，可以办理。", "Connected and ready.")
    SIM_IS_NEW = (
        "这张 SIM 卡与上次的不同。银行可能要先确认您的身份；原 SIM 卡上存疑的转账只能用原卡查询。",
        "This is another SIM than last time. The bank may want to confirm who you are first; transfers in doubt can "
        "only be asked about with the SIM that made them.",
    )

    SIGNAL_NO_NETWORK = ("无网络", "no network")
    NETWORK_IS_LOST = (
        "没有网络，暂时收发不了短信。请检查天线和信号；找到网络后会自动继续。",
        "There is no network: no SMS can be sent or received. Check the antenna and the coverage; it goes on by itself "
        "once there is one.",
    )
    STORAGE_IS_FULL = (
        "短信存储已满，全是其他短信，收不到答复。"
        "handset modem doctor 会给出删除已读短信的命令；也可把 SIM 卡放进手机删除。",
        "The SMS storage is full of other messages: no answer can arrive. handset modem doctor gives the command that "
        "deletes those already read; or put the SIM into a phone and delete some there.",
    )

    # home
    HOME = ("请选择：", "What would you like to do?")
    MENU_TRANSFER = ("1  转账", "1  New transfer")
    MENU_BALANCE = ("2  查询余额", "2  Balance")
    MENU_DOUBTS = ("3  存疑的转账（{count}）", "3  Transfers in doubt ({count})")
    MENU_LANGUAGE = ("4  English", "4  中文")
    MENU_QUIT = ("5  退出", "5  Quit")
    NOTICES = ("消息", "Messages")
    NO_NOTICES = ("还没有消息。", "No messages yet.")
    DEMO_ACCOUNTS = ("演示账户（账号 · 密码）；本机是第一位", "Demo accounts (number · PIN); this phone is the first")
    DEMO_ACCOUNT = ("{name}  {account} · {pin}", "{name}  {account} · {pin}")

    DEMO_STARTS = (
        "正在临时文件夹中启动演示：银行、运营商和短信网络……",
        "Starting a bank, an operator and an SMS network in a temporary folder …",
    )

    # keys
    KEYS_HOME = ("↑↓ 回车 选择 · F2 English · q 退出", "↑↓ Enter choose · F2 中文 · q quit")
    KEYS_FORM = ("回车 下一项 · 1 确认 · Esc 返回 · F2 English", "Enter next · 1 confirm · Esc back · F2 中文")
    KEYS_RESULT = ("Esc 回到首页 · F2 English", "Esc home · F2 中文")
    KEYS_RESULT_DOUBT = ("r 再次发送 · Esc 回到首页 · F2 English", "r send again · Esc home · F2 中文")

    # steps
    STEP = ("第 {number} 步，共 6 步：{title}", "Step {number} of 6: {title}")
    CONFIRM = ("按 1 确认", "Press 1 to confirm")
    CONFIRM_AFTER_ENTER = ("先按回车，再按 1 确认", "Press Enter, then 1 to confirm")
    ONLY_ONE_CONFIRMS = ("只有按 1 才确认；按 Esc 返回修改。", "Only 1 confirms. Press Esc to go back and change it.")
    FILL_IN_FIRST = ("请先填写，再按回车。", "Fill this in first, then press Enter.")
    STEP_PAYEE = ("收款账户", "Payee")
    ENTER_PAYEE = ("请输入收款账号，然后按回车：", "Enter the payee's account number, then press Enter:")
    CONFIRM_PAYEE = ("收款账号 {account}。按 1 确认", "Payee {account}. Press 1 to confirm")
    ASKING_PAYEE = (
        "正在向银行查询户名（第 {sends} 次发送）……",
        "Asking the bank for the holder's name (send {sends}) …",
    )
    STEP_NAME = ("核对户名", "Check the name")
    NAME_LAST = (
        "收款账号 {account} 的户名最后一个字是：",
        "The last character of the name of the holder of {account} is:",
    )
    CONFIRM_NAME = ("是您要转给的人吗？按 1 确认", "Is this the right person? Press 1 to confirm")
    STEP_PAYER = ("付款账户和密码", "Your account and PIN")
    ENTER_PAYER = ("请输入您的付款账号：", "Enter your own account number:")
    ENTER_PIN = ("请输入密码：", "Enter your PIN:")
    CONFIRM_PAYER = ("付款账号 {account}。按 1 确认", "Pay from {account}. Press 1 to confirm")
    STEP_AMOUNT = ("金额", "Amount")
    ENTER_AMOUNT = ("请输入金额（元），例如 12.34：", "Enter the amount in yuan, for example 12.34:")
    CONFIRM_AMOUNT = ("金额 {amount} 元。按 1 确认", "Amount {amount} yuan. Press 1 to confirm")
    STEP_SUMMARY = ("最后核对", "Last check")
    SUMMARY_PAYEE = ("收款账号：{account}（户名末字 {name}）", "To: {account} (name ends in {name})")
    SUMMARY_PAYER = ("付款账号：{account}", "From: {account}")
    SUMMARY_AMOUNT = ("金额：{amount} 元", "Amount: {amount} yuan")
    SUMMARY_SEALED = (
        "确认后加密发给银行，运营商看不到内容。",
        "On confirmation it is encrypted for the bank; the operator cannot read it.",
    )
    RESULT_PAYEE = ("收款账号：{account}", "To: {account}")
    CONFIRM_SUMMARY = ("按 1 确认转账", "Press 1 to make the transfer")
    STEP_RESULT = ("结果", "Result")

    # results
    DONE = ("转账成功。", "The transfer was made.")
    DONE_DEFECT = ("已受理（代码 {code}）：{reason}", "Accepted (code {code}): {reason}")
    DONE_BALANCE = ("余额 {balance} 元。", "Your balance is {balance} yuan.")
    DECLINED = ("没有转账（代码 {code}）：{reason}", "Not done (code {code}): {reason}")
    QUESTION_DECLINED = ("银行没有办理（代码 {code}）：{reason}", "The bank declined (code {code}): {reason}")
    WAITING = (
        "已加密，正在发送，等待银行答复……",
        "Encrypted and on its way. Waiting for the bank's answer …",
    )
    IN_DOUBT = (
        "转账存疑：已发送 {sends} 次，银行的答复还没有到。这笔转账可能已经办成，也可能没有。请不要另外再转一次；"
        "按 r 以同一编号再次发送，银行不会重复办理。",
        "In doubt: sent {sends} times, and the bank's answer is not here yet. The transfer may or may not have been "
        "made. Do not make it anew; press r to send it again under the same id: the bank never carries one id out "
        "twice.",
    )
    IN_DOUBT_REPEATS = ("手机会自动再次发送。", "The phone goes on sending it by itself.")
    IN_DOUBT_STOPPED = (
        "手机不再自动发送，需要您按 r。",
        "The phone has stopped sending it by itself; it waits for your r.",
    )
    IN_DOUBT_COMMAND = (
        "转账 {id} 存疑：可能已经办成，也可能没有。请不要另外再转一次；请运行 handset retry {id}。",
        "Transfer {id} is in doubt: it may or may not have been made. Do not make it anew; run: handset retry {id}",
    )
    ALREADY_IN_DOUBT = (
        "同样的转账已经存疑，所以没有另外再转，而是以原编号再次发送。",
        "The same transfer is in doubt already, so no second one was made; the first was sent again under its own id.",
    )
    OPERATOR_SAYS = (
        "运营商答复（代码 {code}）：{reason}这不是银行的答复，转账仍然存疑。",
        "The operator says (code {code}): {reason} That is not the bank's word; the transfer is still in doubt.",
    )
    OPERATOR_SAYS_QUESTION = ("运营商答复（代码 {code}）：{reason}", "The operator says (code {code}): {reason}")
    NO_ANSWER = (
        "没有收到答复。没有转出任何款项；请稍后再试。",
        "No answer came. No money was moved; try again later.",
    )
    TRANSACTION_ID = ("编号 {id}", "Id {id}")
    SERIAL = ("动态密钥序列号 {serial}", "Dynamic key serial {serial}")

    # balance
    BALANCE_TITLE = ("查询余额", "Balance")
    ENTER_ACCOUNT = ("请输入账号：", "Enter the account number:")
    CONFIRM_BALANCE = ("账号 {account}。按 1 查询", "Account {account}. Press 1 to ask")
    ASKING_BALANCE = ("正在查询余额（第 {sends} 次发送）……", "Asking for the balance (send {sends}) …")
    BALANCE = ("账号 {account} 的余额是 {balance} 元。", "The balance of {account} is {balance} yuan.")

    # in doubt
    DOUBTS_TITLE = ("存疑的转账", "Transfers in doubt")
    NO_DOUBTS = ("没有存疑的转账。", "No transfer is in doubt.")
    DOUBT = ("{amount} 元 → {payee}  {id}", "{amount} yuan → {payee}  {id}")
    DOUBTS_HINT = ("选择一笔，按回车查看，按 r 再次发送。", "Choose one: Enter shows it, r sends it again.")

    # what arrives by itself
    NOTICE = ("{time} 到账 {amount} 元，余额 {balance} 元。", "{time} {amount} yuan arrived; balance {balance} yuan.")
    OPERATOR_WRITES = ("运营商短信（未加密）：{text}", "SMS from the operator (not sealed): {text}")
    SETTLED_DONE = ("转账 {amount} 元 → {payee} 成功。", "Your transfer of {amount} yuan to {payee} was made.")
    SETTLED_DECLINED = (
        "转账 {amount} 元 → {payee} 没有办成（代码 {code}）：{reason}",
        "Your transfer of {amount} yuan to {payee} was not made (code {code}): {reason}",
    )

    # SIM PIN
    SIM_PIN_TITLE = ("SIM 卡密码", "SIM PIN")
    ENTER_SIM_PIN = ("SIM 卡需要密码（PIN），然后按回车：", "The SIM asks for its PIN; then press Enter:")

    # the number of a SIM that does not know it
    NUMBER_TITLE = ("本机号码", "The SIM's own number")
    ENTER_NUMBER = (
        "SIM 卡 {imsi} 不知道自己的号码。请输入（含国家代码，例如 8613800000000），然后按回车；只需输入一次：",
        "The SIM {imsi} does not know its own number. Enter it with its country code, such as 8613800000000, then "
        "press Enter; this is asked once:",
    )
    KEYS_NUMBER = ("回车 保存 · Esc 以后再说 · F2 English", "Enter keep · Esc later · F2 中文")

    # what was typed
    BAD_ACCOUNT = ("账号应为 6 到 19 位数字。", "An account number has 6 to 19 digits.")
    BAD_PIN = ("密码应为 4 到 12 位数字。", "A PIN has 4 to 12 digits.")
    BAD_MSISDN = (
        "号码应为 5 到 15 位数字，含国家代码，例如 8613800000000。",
        "A number has 5 to 15 digits with its country code, such as 8613800000000.",
    )
    BAD_NUMBER = ("这不是金额。请只用数字和一个小数点。", "This is no amount. Use digits and one point only.")
    BAD_DECIMALS = ("金额最多两位小数。", "An amount has at most two decimals.")
    BAD_ZERO = ("金额必须大于零。", "The amount must be above zero.")
    BAD_LARGE = ("金额太大。", "The amount is too large.")
    SAME_ACCOUNT = ("付款账号和收款账号相同。", "This is the payee's account; enter your own.")

    # what the modem did
    SEND_FAILED = ("短信没有发出；手机会再次发送。", "The SMS was not sent; the phone will send it again.")
    SEND_UNKNOWN = (
        "调制解调器没有说明短信是否发出；手机会再次发送同一条。",
        "The modem did not tell whether the SMS went out; the phone will send the same one again.",
    )

    # refusals
    REFUSED_NOT_NAMED = ("请先核对收款人户名，没有发送。", "Check the payee's name first; nothing was sent.")
    REFUSED_ID_USED = (
        "这个编号已用于另一笔转账，没有发送。请重新开始。",
        "This id belongs to another transfer; nothing was sent. Start again.",
    )
    REFUSED_UNKNOWN_ID = ("本机没有这个编号的转账。", "No transfer with this id was made on this phone.")
    REFUSED_OTHER_SIM = (
        "这笔转账是用另一张 SIM 卡办理的，仍然存疑。请换回那张卡再查询。",
        "This transfer was made with another SIM and is still in doubt. Put that SIM back to ask about it.",
    )

    # trouble
    TROUBLE_CONNECTING = ("正在连接调制解调器……", "Connecting to the modem …")
    TROUBLE_NO_MODEM = (
        "找不到调制解调器。请检查插头和端口；插好后会自动连接。",
        "The modem does not answer. Check its plug and --port; it is picked up by itself.",
    )
    COMMAND_NO_MODEM = (
        "调制解调器没有应答。请检查插头和 --port，然后重新运行。",
        "The modem does not answer. Check its plug and --port, then run this again.",
    )
    TROUBLE_CANNOT_OPEN = (
        "无法使用调制解调器。请检查：是否插好；--port 是否正确；是否有权使用端口（dialout 组）；是否被别的程序占用。",
        "The modem cannot be used. Check that it is plugged in, that --port names it, that you may use the port "
        "(group dialout), and that no other program does.",
    )
    TROUBLE_SIM_PIN_NEEDED = ("SIM 卡需要密码。", "The SIM asks for its PIN.")
    TROUBLE_SIM_PIN_WRONG = (
        "SIM 卡密码不对。请核对后再输入：连错三次会锁卡。",
        "The SIM refused the PIN. Check it before the next try: three wrong ones lock the SIM.",
    )
    TROUBLE_SIM_BLOCKED = (
        "SIM 卡已锁。请把卡放进手机，用 PUK 解锁。",
        "The SIM is blocked. Put it into a phone and unlock it with its PUK.",
    )
    TROUBLE_NO_SIM = ("没有读到 SIM 卡。请插好 SIM 卡。", "No SIM can be read. Insert the SIM.")
    TROUBLE_SIM_BUSY = (
        "SIM 卡正忙。请等半分钟；就绪后会自动连接。",
        "The SIM is still busy. Wait half a minute; it is picked up by itself.",
    )
    COMMAND_SIM_BUSY = (
        "SIM 卡正忙。请等半分钟，然后重新运行。",
        "The SIM is still busy. Wait half a minute, then run this again.",
    )
    TROUBLE_NUMBER_UNKNOWN = (
        "SIM 卡不知道自己的号码。请在首页按 n 输入。",
        "The SIM does not know its own number. Press n on the first screen to enter it.",
    )
    COMMAND_NUMBER_UNKNOWN = (
        "SIM 卡不知道自己的号码。请用 --number 给出，然后重新运行。",
        "The SIM does not know its own number. Give it with --number and run this again.",
    )
    STATE_UNUSABLE = (
        "本机状态无法写入，不能再办理：{reason}",
        "This phone's state cannot be written, so it has stopped: {reason}",
    )

    # the command line
    PROMPT_NAME = (
        "{account} 的户名最后一个字是“{name}”。输入 1 确认",
        "The last character of the name of the holder of {account} is “{name}”. 1 confirms",
    )
    PROMPT_PIN = ("密码", "PIN")
    PROMPT_SIM_PIN = ("SIM 卡密码", "PIN of the SIM")
    PROMPT_NUMBER = (
        "SIM 卡 {imsi} 的号码（含国家代码，例如 8613800000000；只问一次）",
        "Number of the SIM {imsi}, with its country code, such as 8613800000000; asked once",
    )
    NO_TERMINAL = (
        "没有终端，无法打开界面；请改用命令，见 handset transfer --help。",
        "The app needs a terminal; without one use a command, see: handset transfer --help",
    )
    NOT_CONFIRMED = ("没有确认，没有转账。", "Not confirmed; no money was moved.")
    STATUS_UNSENT = ("没有转账：{reason}", "No transfer was made: {reason}")


_REFUSALS = {
    Refusal.PAYEE_NOT_NAMED: Text.REFUSED_NOT_NAMED,
    Refusal.ID_USED: Text.REFUSED_ID_USED,
    Refusal.UNKNOWN_ID: Text.REFUSED_UNKNOWN_ID,
    Refusal.OTHER_SIM: Text.REFUSED_OTHER_SIM,
}
_TROUBLES = {
    Trouble.CONNECTING: Text.TROUBLE_CONNECTING,
    Trouble.CANNOT_OPEN: Text.TROUBLE_CANNOT_OPEN,
    Trouble.NO_MODEM: Text.TROUBLE_NO_MODEM,
    Trouble.SIM_PIN_NEEDED: Text.TROUBLE_SIM_PIN_NEEDED,
    Trouble.SIM_PIN_WRONG: Text.TROUBLE_SIM_PIN_WRONG,
    Trouble.SIM_BLOCKED: Text.TROUBLE_SIM_BLOCKED,
    Trouble.NO_SIM: Text.TROUBLE_NO_SIM,
    Trouble.SIM_BUSY: Text.TROUBLE_SIM_BUSY,
    Trouble.NUMBER_UNKNOWN: Text.TROUBLE_NUMBER_UNKNOWN,
}
_COMMAND_TROUBLES = {
    Trouble.NO_MODEM: Text.COMMAND_NO_MODEM,
    Trouble.SIM_BUSY: Text.COMMAND_SIM_BUSY,
    Trouble.NUMBER_UNKNOWN: Text.COMMAND_NUMBER_UNKNOWN,
}
_FAULTS = {
    AmountFault.NOT_A_NUMBER: Text.BAD_NUMBER,
    AmountFault.TOO_MANY_DECIMALS: Text.BAD_DECIMALS,
    AmountFault.NOT_ABOVE_ZERO: Text.BAD_ZERO,
    AmountFault.TOO_LARGE: Text.BAD_LARGE,
}
_SENDS = {SendOutcome.FAILED: Text.SEND_FAILED, SendOutcome.UNKNOWN: Text.SEND_UNKNOWN}


def text_of(reason: Refusal | Trouble | AmountFault) -> Text:
    """Return the sentence of a reason."""
    if isinstance(reason, Refusal):
        return _REFUSALS[reason]
    if isinstance(reason, Trouble):
        return _TROUBLES[reason]
    return _FAULTS[reason]


def text_for_command(trouble: Trouble) -> Text:
    """Return the sentence of a trouble for a command, which ends: it picks nothing up, and has no screens."""
    return _COMMAND_TROUBLES.get(trouble) or text_of(trouble)


def text_of_send(outcome: SendOutcome | None) -> Text | None:
    """Return what to say of a send, or None where there is nothing to say."""
    return _SENDS.get(outcome) if outcome else None


def say_code(text: Text, code: str, language: Language, **values: object) -> str:
    """Return a text that has a code and its customer text in it."""
    return text.say(language, code=code, reason=lookup(code).text(language), **values)
