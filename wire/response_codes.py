"""Response codes of DE39: what each means, what may be done about it, and what the customer is told.

The codes and their meanings are UnionPay's (public interface specifications of about 2010 and 2015, after
ISO 8583:1987); the customer texts are ours. A text says what happened and what to do next, and never promises
more than the code proves: only an answer that the bank sealed settles what became of a transfer.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Literal

Language = Literal["zh", "en"]


class Handling(Enum):
    """What the receiver of a code may do. The values are the classes of the UnionPay specifications."""

    DONE = "A"
    MAY_RETRY = "B"
    DO_NOT_RETRY = "C"
    OPERATOR_ACTS = "D"
    SYSTEM_FAULT = "E"  # what became of the request may be unknown


@dataclass(frozen=True, slots=True)
class ResponseCode:
    """One code: `meaning` for logs and engineers (English), `zh` and `en` for the customer's screen."""

    code: str
    meaning: str
    handling: Handling
    zh: str
    en: str

    def text(self, language: Language) -> str:
        """Return the customer's text in Chinese ("zh") or English ("en")."""
        return self.zh if language == "zh" else self.en


_DONE, _RETRY, _STOP = Handling.DONE, Handling.MAY_RETRY, Handling.DO_NOT_RETRY
_OPERATOR, _FAULT = Handling.OPERATOR_ACTS, Handling.SYSTEM_FAULT

# One row a code, in the order of the codes: meaning, handling class, Chinese, English.
_TABLE: Mapping[str, tuple[str, Handling, str, str]] = {
    "00": (
        "approved",
        _DONE,
        "已办妥。",
        "Done.",
    ),
    "01": (
        "refer to the account's bank",
        _STOP,
        "银行需要先和您联系才能办理。请致电您的银行。",
        "The bank must speak with you before it can do this. Please call your bank.",
    ),
    "03": (
        "merchant or channel invalid",
        _STOP,
        "银行不接受从此渠道办理。请改用银行的其他渠道，或致电您的银行。",
        "The bank does not accept this by SMS. Use another way to reach your bank, or call it.",
    ),
    "04": (
        "retain card; account not valid",
        _STOP,
        "此账户不能使用。请致电您的银行。",
        "This account cannot be used. Please call your bank.",
    ),
    "05": (
        "not honoured; holder's identity not confirmed",
        _STOP,
        "银行未能确认是您本人，没有办理。如果您刚换过 SIM 卡，请带身份证件到银行，或致电您的银行。",
        "The bank could not confirm that it is you, and did nothing. If you changed your SIM card, call your bank or "
        "go there with your identity card.",
    ),
    "06": (
        "error",
        _FAULT,
        "办理中出错。请先查看转账记录，再决定是否重新办理。",
        "Something went wrong. Look at your list of transfers before you try again.",
    ),
    "09": (
        "request in progress",
        _RETRY,
        "您的请求正在办理。请稍等，不要重新转账。",
        "Your request is still being worked on. Please wait, and do not make the transfer again.",
    ),
    "12": (
        "invalid transaction",
        _STOP,
        "银行不能办理此项交易。请核对填写的内容，或致电您的银行。",
        "The bank cannot do this. Check what you entered, or call your bank.",
    ),
    "13": (
        "invalid amount",
        _RETRY,
        "金额不对。请输入大于零的金额。",
        "The amount is not valid. Enter an amount above zero.",
    ),
    "14": (
        "no such account",
        _STOP,
        "没有这个账户。请核对账号后重新输入。",
        "There is no such account. Check the account number and enter it again.",
    ),
    "15": (
        "no such bank",
        _STOP,
        "没有找到该账号所属的银行。请核对账号。",
        "No bank was found for this account number. Check the number.",
    ),
    "19": (
        "enter again",
        _RETRY,
        "银行请您重新输入一次。",
        "The bank asks you to enter this once more.",
    ),
    "20": (
        "invalid response",
        _FAULT,
        "收到的答复无法识别。请先查看转账记录，再决定是否重新办理。",
        "The answer could not be understood. Look at your list of transfers before you try again.",
    ),
    "21": (
        "nothing done; account not active",
        _STOP,
        "账户尚未启用，没有办理。请致电您的银行启用账户。",
        "The account is not active yet, so nothing was done. Call your bank to have it activated.",
    ),
    "22": (
        "suspected malfunction, related transaction wrong",
        _OPERATOR,
        "系统正在核对一笔相关交易。请稍后查看转账记录，如有疑问请致电运营商。",
        "A related transaction is being checked. Look at your list of transfers later, or call your operator.",
    ),
    "25": (
        "original transaction not found",
        _STOP,
        "银行没有找到原来的交易。请查看转账记录，如有疑问请致电您的银行。",
        "The bank did not find the transaction this belongs to. Look at your list of transfers, or call your bank.",
    ),
    "30": (
        "format error",
        _OPERATOR,
        "银行无法读懂此请求。请更新应用后重试；如仍不行，请致电运营商。",
        "The bank could not read the request. Update the app and try again; if it still fails, call your operator.",
    ),
    "31": (
        "bank not supported",
        _STOP,
        "本服务不能转到这家银行。请换一个收款账户，或改用其他渠道。",
        "This service does not reach that bank. Choose another account, or use another way to pay.",
    ),
    "34": (
        "suspected fraud",
        _STOP,
        "为保护您的资金，银行没有办理。请致电您的银行。",
        "To protect your money, the bank did not do this. Please call your bank.",
    ),
    "38": (
        "PIN tries exceeded, account locked",
        _STOP,
        "密码输错次数过多，账户已锁定。请带身份证件到银行解锁，或致电您的银行。",
        "The PIN was wrong too many times and the account is locked. Call your bank, or go there with your identity "
        "card, to have it unlocked.",
    ),
    "40": (
        "function not supported",
        _STOP,
        "银行暂不提供此项功能。请改用银行的其他渠道。",
        "The bank does not offer this here. Use another way to reach your bank.",
    ),
    "41": (
        "lost card",
        _STOP,
        "此账户已挂失，不能使用。请致电您的银行。",
        "This account was reported lost and cannot be used. Please call your bank.",
    ),
    "42": (
        "no account of that kind",
        _STOP,
        "没有此类账户。请核对账号，或致电您的银行。",
        "There is no account of this kind. Check the account number, or call your bank.",
    ),
    "43": (
        "stolen card",
        _STOP,
        "此账户已被报失窃，不能使用。请致电您的银行。",
        "This account was reported stolen and cannot be used. Please call your bank.",
    ),
    "45": (
        "fallback not allowed",
        _STOP,
        "不能用这种方式办理。请改用银行的其他渠道。",
        "This cannot be done in this way. Use another way to reach your bank.",
    ),
    "51": (
        "not enough money",
        _STOP,
        "余额不足，没有转账。请减少金额，或先存入款项。",
        "There is not enough money in the account, so nothing was sent. Enter a smaller amount, or pay money in first.",
    ),
    "54": (
        "expired",
        _STOP,
        "账户或卡已过期。请致电您的银行更换。",
        "The account or card has expired. Call your bank to have it renewed.",
    ),
    "55": (
        "PIN wrong",
        _RETRY,
        "密码不对，没有办理。请重新输入；连续输错会锁定账户。",
        "The PIN is wrong, so nothing was done. Enter it again; the account is locked after too many wrong tries.",
    ),
    "56": (
        "no record of it",
        _STOP,
        "银行没有相应的记录。请核对填写的内容，或致电您的银行。",
        "The bank has no record of this. Check what you entered, or call your bank.",
    ),
    "57": (
        "not permitted to this customer",
        _STOP,
        "您的账户未开通此项业务。请致电您的银行开通。",
        "Your account may not be used for this. Call your bank to have it allowed.",
    ),
    "58": (
        "not permitted to this terminal",
        _STOP,
        "此手机号或 SIM 卡与登记的不一致，没有办理。请检查是否装了正确的 SIM 卡，或致电运营商。",
        "This phone number and SIM card do not match what is registered, so nothing was done. Check that the right SIM "
        "card is in the phone, or call your operator.",
    ),
    "59": (
        "suspected fraud, check value wrong",
        _STOP,
        "安全核对未通过，没有办理。请致电您的银行。",
        "A security check failed, so nothing was done. Please call your bank.",
    ),
    "61": (
        "amount over a limit",
        _STOP,
        "金额超过限额，没有转账。请减少金额、改天再转，或致电您的银行调整限额。",
        "The amount is above your limit, so nothing was sent. Enter a smaller amount, wait until tomorrow, or ask your "
        "bank for a higher limit.",
    ),
    "62": (
        "restricted account",
        _STOP,
        "账户受到限制，不能办理。请致电您的银行。",
        "The account is restricted and cannot be used for this. Please call your bank.",
    ),
    "63": (
        "security violation",
        _STOP,
        "安全核对未通过，没有办理。请从头重新办理；如再次出现，请致电您的银行。",
        "A security check failed, so nothing was done. Start again; if it happens once more, call your bank.",
    ),
    "64": (
        "amount differs from the original",
        _STOP,
        "金额与原交易不一致，没有办理。请查看转账记录。",
        "The amount is not that of the original transaction, so nothing was done. Look at your list of transfers.",
    ),
    "65": (
        "number of transactions over a limit",
        _STOP,
        "今天办理的次数已达上限。请明天再试，或致电您的银行。",
        "You have reached the number of requests allowed for today. Try again tomorrow, or call your bank.",
    ),
    "68": (
        "response came too late",
        _FAULT,
        "答复来得太晚。请先查看转账记录，再决定是否重新办理。",
        "The answer came too late. Look at your list of transfers before you try again.",
    ),
    "75": (
        "PIN tries exceeded",
        _STOP,
        "密码输错次数已达上限，账户已锁定，没有办理。请致电您的银行解锁。",
        "The PIN was wrong too many times. Nothing was done and the account is now locked. Please call your bank.",
    ),
    "77": (
        "sign on again",
        _OPERATOR,
        "运营商正在重新连接银行。请几分钟后再试。",
        "Your operator is connecting to the bank again. Try again in a few minutes.",
    ),
    "79": (
        "off-line reconciliation differs",
        _OPERATOR,
        "运营商与银行正在对账。请稍后查看转账记录。",
        "Your operator and the bank are comparing their records. Look at your list of transfers later.",
    ),
    "90": (
        "day change in progress",
        _RETRY,
        "银行正在日终结算。请几分钟后再试。",
        "The bank is closing its books for the day. Try again in a few minutes.",
    ),
    "91": (
        "bank not in service",
        _RETRY,
        "银行暂时没有服务。请稍后再试。",
        "The bank is not in service at the moment. Try again later.",
    ),
    "92": (
        "bank's line not reachable",
        _RETRY,
        "暂时连接不上银行。请稍后再试。",
        "The bank cannot be reached at the moment. Try again later.",
    ),
    "93": (
        "transaction would break the law",
        _STOP,
        "按法律规定不能办理此项交易。如有疑问请致电您的银行。",
        "The law does not allow this transaction. Call your bank if you have questions.",
    ),
    "94": (
        "duplicate with different content",
        _STOP,
        "同一编号已收到内容不同的请求，这一份没有办理。请先查看转账记录，需要时再重新填写。",
        "A request with the same number but other content came before, so this one was not carried out. Look at your "
        "list of transfers, and enter it anew only if it is missing.",
    ),
    "95": (
        "reconciliation error",
        _OPERATOR,
        "运营商与银行对账不一致，正在核对。请稍后查看转账记录。",
        "The records of your operator and the bank differ and are being checked. Look at your list of transfers later.",
    ),
    "96": (
        "system fault",
        _FAULT,
        "系统故障，结果还不确定。请先查看转账记录，不要马上重新转账。",
        "A system failed, and the outcome is not certain. Look at your list of transfers before you send money again.",
    ),
    "97": (
        "terminal not registered",
        _OPERATOR,
        "此手机号尚未登记本服务。请联系运营商登记后再试。",
        "This phone number is not registered for the service. Ask your operator to register it, then try again.",
    ),
    "98": (
        "no answer from the bank",
        _FAULT,
        "银行没有及时答复。请先查看转账记录，再决定是否重新办理。",
        "The bank did not answer in time. Look at your list of transfers before you try again.",
    ),
    "99": (
        "PIN block wrong",
        _OPERATOR,
        "密码在传送中出错，没有办理。请重试；如再次出现，请致电运营商。",
        "The PIN was damaged on its way, so nothing was done. Try again; if it happens once more, call your operator.",
    ),
    "A0": (
        "MAC wrong, sign on again",
        _OPERATOR,
        "运营商与银行之间的安全核对未通过。请几分钟后再试。",
        "A security check between your operator and the bank failed. Try again in a few minutes.",
    ),
    "A1": (
        "currency of the transfer differs",
        _STOP,
        "收款账户的币种不同，没有转账。请换一个收款账户。",
        "The payee's account has another currency, so nothing was sent. Choose another account.",
    ),
    "A2": (
        "done, with a defect; confirm with the payee's bank",
        _DONE,
        "转账已受理，但收款银行还需确认。请向收款银行核实，不要重新转账。",
        "The transfer was made, but the payee's bank has yet to confirm it. Ask that bank; do not send it again.",
    ),
    "A3": (
        "payee's bank has no such account",
        _STOP,
        "收款银行没有这个账户。请核对账号后重新输入。",
        "The payee's bank has no such account. Check the account number and enter it again.",
    ),
    "A4": (
        "done, with a defect; confirm with the payee's bank",
        _DONE,
        "转账已受理，但收款银行还需确认。请向收款银行核实，不要重新转账。",
        "The transfer was made, but the payee's bank has yet to confirm it. Ask that bank; do not send it again.",
    ),
    "A5": (
        "done, with a defect; confirm with the payee's bank",
        _DONE,
        "转账已受理，但收款银行还需确认。请向收款银行核实，不要重新转账。",
        "The transfer was made, but the payee's bank has yet to confirm it. Ask that bank; do not send it again.",
    ),
    "A6": (
        "done, with a defect; confirm with the payee's bank",
        _DONE,
        "转账已受理，但收款银行还需确认。请向收款银行核实，不要重新转账。",
        "The transfer was made, but the payee's bank has yet to confirm it. Ask that bank; do not send it again.",
    ),
    "A7": (
        "security processing failed",
        _OPERATOR,
        "安全处理失败，没有办理。请几分钟后再试；如再次出现，请致电运营商。",
        "Security processing failed, so nothing was done. Try again in a few minutes; if it happens once more, call "
        "your operator.",
    ),
}

RESPONSE_CODES: Mapping[str, ResponseCode] = {code: ResponseCode(code, *row) for code, row in _TABLE.items()}


def lookup(code: str) -> ResponseCode:
    """Return what a code means. A code that is not in the table becomes a system fault that carries it."""
    known = RESPONSE_CODES.get(code)
    if known is not None:
        return known
    return ResponseCode(
        code,
        "not a known code",
        Handling.SYSTEM_FAULT,
        f"收到未知的答复代码 {code}。请先查看转账记录，再致电您的银行。",
        f"An unknown answer code came: {code}. Look at your list of transfers, then call your bank.",
    )
