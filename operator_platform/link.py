"""The connection to the bank: sign-on, echo while idle, asking for keys. Sans-IO.

1. DOWN until the shell has a connection.
2. SIGNING_ON from connecting until the bank answers our sign-on; nothing else is sent before.
3. UP after that. Requests are sent only here.
4. No answer to a sign-on or an echo within `network_answer_s`, or a sign-on refused: close; the shell connects again.
5. While keys are missing, they are asked for at sign-on and every `keys_ask_s`.
"""

from enum import Enum

from operator_platform.actions import Action, CloseBank, Note, SendBank
from operator_platform.keys import OperatorKeys
from operator_platform.messages import MessageMaker
from operator_platform.policy import Policy
from operator_platform.timers import Timers
from wire import iso
from wire.iso import Message, NetworkCode


class LinkState(Enum):
    DOWN = "down"
    SIGNING_ON = "signing on"
    UP = "up"


class Link:
    """The rules of one connection after the other."""

    def __init__(self, messages: MessageMaker, keys: OperatorKeys, timers: Timers, policy: Policy) -> None:
        self._messages = messages
        self._keys = keys
        self._timers = timers
        self._policy = policy
        self._asked: dict[str, str] = {}  # STAN to DE70 of our unanswered 0820
        self.state = LinkState.DOWN

    @property
    def up(self) -> bool:
        return self.state is LinkState.UP

    def connected(self, now: float) -> list[Action]:
        self.state = LinkState.SIGNING_ON
        return self._ask(NetworkCode.SIGN_ON, now)

    def disconnected(self) -> None:
        self.state = LinkState.DOWN
        self._asked.clear()
        for name in ("answer", "echo", "keys"):
            self._timers.cancel(("link", name))

    def sign_off(self, now: float) -> list[Action]:
        """Tell the bank that we go; nobody waits for the answer."""
        return [SendBank(iso.encode(self._messages.network(NetworkCode.SIGN_OFF, now)))] if self.up else []

    def heard(self, now: float) -> None:
        """Put the next echo off: any message shows that the bank is there."""
        if self.up:
            echo_at = now + self._policy.echo_idle_s
            self._timers.set(("link", "echo"), echo_at, lambda then: self._ask(NetworkCode.ECHO, then))

    def receive(self, answer: Message, now: float) -> list[Action]:
        """Take an 0830."""
        code = self._asked.get(answer[11])
        if code is None or code != answer[70]:
            return [Note("warning", f"0830 with STAN {answer[11]} answers nothing we asked")]
        del self._asked[answer[11]]
        if code != NetworkCode.KEYS:
            self._timers.cancel(("link", "answer"))
        if code == NetworkCode.SIGN_ON:
            return self._signed_on(answer, now)
        if answer[39] == "77":
            return [CloseBank("the bank wants us to sign on again")]
        if answer[39] != "00":
            return [Note("warning", f"the bank answers network management {code} with {answer[39]}")]
        return []

    def _signed_on(self, answer: Message, now: float) -> list[Action]:
        if answer[39] != "00":
            note = Note("error", f"the bank refuses our sign-on with {answer[39]}: is this operator known to it?")
            return [note, CloseBank("sign-on refused")]
        self.state = LinkState.UP
        self.heard(now)
        return [Note("info", "signed on to the bank"), *self.ask_for_keys_if_missing(now)]

    def ask_for_keys_if_missing(self, now: float) -> list[Action]:
        if not self.up or self._keys.complete:
            return []
        return self.ask_for_keys(now)

    def ask_for_keys(self, now: float) -> list[Action]:
        if not self.up:
            return []
        self._timers.set(("link", "keys"), now + self._policy.keys_ask_s, self.ask_for_keys_if_missing)
        return self._ask(NetworkCode.KEYS, now)

    def _ask(self, code: str, now: float) -> list[Action]:
        message = self._messages.network(code, now)
        if code == NetworkCode.KEYS:
            # Its answer is keys, not 0830; keep one entry, so that a bank that never answers costs no memory.
            self._asked = {stan: asked for stan, asked in self._asked.items() if asked != code}
        else:
            close = CloseBank(f"the bank is silent: no answer in {self._policy.network_answer_s:g} s")
            self._timers.set(("link", "answer"), now + self._policy.network_answer_s, lambda _then: [close])
        self._asked[message[11]] = code
        return [SendBank(iso.encode(message))]
