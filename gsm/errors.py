"""What can go wrong between a program and its modem, each as a sentence that says what to do next.

Everything that `gsm` raises on purpose is a `GsmError`. No message ever holds a PIN, a PUK or an SMS's text.
"""


class GsmError(Exception):
    """The family of all errors of this package."""


class PduError(GsmError):
    """An SMS PDU, or what was to become one, is not as 3GPP TS 23.040 and 23.038 say; names the field."""


class ModemError(GsmError):
    """Something about the modem or its SIM stands in the way; the message says what to do."""


class NotAModem(ModemError):
    """The port opened, but what is behind it does not answer AT commands."""

    def __init__(self, port: str, detail: str = "it does not answer AT") -> None:
        super().__init__(
            f"There is no modem on {port}: {detail}. "
            "Choose another port (a modem often has several), or check its power and cable."
        )


class ModemGone(ModemError):
    """The port has vanished; the line reconnects by itself when it is back.

    `written` tells whether the command that failed so may have reached the modem.
    """

    sentence = "The modem on {port} is gone ({detail}). Plug it in again; it is picked up by itself."

    def __init__(self, port: str, detail: str, written: bool = False) -> None:
        self.written = written
        super().__init__(self.sentence.format(port=port, detail=detail))


class ModemReset(ModemGone):
    """The modem started anew, or its SIM is locked again: what it was told is forgotten. It is set up by itself."""

    sentence = "The modem on {port} was interrupted ({detail}). It is being set up again; check its power supply."


class CannotOpen(ModemGone):
    """The port could not be opened in the first place: no such port, no right to use it, in use."""

    sentence = (
        "The port {port} cannot be opened ({detail}). Plug the modem in, check the port's name, "
        "and whether another program uses it or you lack the right to (group dialout)."
    )


class InUse(CannotOpen):
    """Another program has the port."""

    sentence = (
        "The port {port} is in use ({detail}). Two programs would take each other's answers away: end that one first."
    )


class SimMissing(ModemError):
    """The modem says that there is no SIM, or that it cannot read it (+CME ERROR 10, 13, 15)."""

    def __init__(self) -> None:
        super().__init__("The modem finds no SIM that it can read. Insert the SIM, or clean its contacts.")


class SimBusy(ModemError):
    """The SIM, or the modem itself, is still busy though it was waited for (+CME ERROR 14, +CMS ERROR 314)."""

    def __init__(self) -> None:
        super().__init__(
            "The SIM is still busy, as it is for a while after it was put in. Wait half a minute, try again."
        )


class SimPinNeeded(ModemError):
    """The SIM asks for its PIN and none was given (+CPIN: SIM PIN)."""

    def __init__(self) -> None:
        super().__init__("The SIM asks for its PIN. Give the PIN, or switch the PIN request off in a phone.")


class SimPinWrong(ModemError):
    """The SIM refused the PIN (+CME ERROR 16). It was sent once and is not tried again."""

    sentence = "The SIM refused the PIN. Check it before the next try: after three wrong ones the SIM asks for its PUK."

    def __init__(self) -> None:
        super().__init__(self.sentence)


class SimPinDoubtful(SimPinWrong):
    """The PIN was sent, and the modem went away before it said whether the SIM took it; the SIM asks for it again."""

    sentence = (
        "The SIM asks for its PIN again, and nobody knows whether it took the one that it was given. "
        "Check the PIN and the modem's power supply, then give the PIN again."
    )


class SimPukNeeded(ModemError):
    """The SIM is blocked and asks for its PUK; a PIN sent now would use up one of the PUK's ten tries."""

    def __init__(self) -> None:
        super().__init__(
            "The SIM is blocked and asks for its PUK. No PIN was sent. "
            "Put the SIM into a phone and enter the PUK there."
        )


class SimLocked(ModemError):
    """The modem asks for a code other than PIN and PUK of the SIM, such as a network lock."""

    def __init__(self, state: str) -> None:
        super().__init__(
            f"The modem asks for '{state}'. It is locked to something else than this SIM: unlock it first."
        )


class SendFailed(ModemError):
    """Certainly not sent: the modem said so, or it was never handed over. Sending again is safe.

    `code` is the number of `+CMS ERROR` or `+CME ERROR` (TS 27.005 clause 3.2.5), None where there was none.
    """

    def __init__(self, detail: str, code: int | None = None) -> None:
        self.code = code
        super().__init__(f"The message was not sent: {detail}. It is safe to send it again.")


class NotRegistered(SendFailed):
    """Not even handed to the modem: it is registered in no network."""

    def __init__(self) -> None:
        super().__init__("the modem is registered in no network. Check antenna, coverage and subscription")


class SendUnknown(ModemError):
    """The message was handed to the modem and no answer came: the network may or may not have it.

    `message_id` is the name by which the driver's `settled` tells later what became of it, if anything tells.
    """

    def __init__(self, detail: str, message_id: int | None = None) -> None:
        self.message_id = message_id
        super().__init__(
            f"It is not known whether the message was sent: {detail}. Send again only what may arrive twice."
        )
