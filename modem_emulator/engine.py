"""The AT engine of one modem, sans-IO (ITU-T V.250; 3GPP TS 27.007 and 27.005).

Octets from the port go into `receive`, messages from the network into `deliver`, the clock into `tick`, faults into
`befall`; all return actions. A command that waits for the network (+CMGS) is ended by `submitted` or `refused`. Lines
that nobody asked for wait while a command is under way until its result is out, as in most modems; a profile can
say otherwise.

Start-up, periodic lines, refusals, answers and timings are the profile's; `power_on` begins with them.
"""

import re
from collections.abc import Callable, Sequence
from functools import lru_cache, partial

from modem_emulator import faults, reception, ussd
from modem_emulator.command_line import (
    COMMAND_CHARACTERS_MAX,
    Form,
    InvalidParameter,
    Invocation,
    MalformedLine,
    parse,
)
from modem_emulator.commands import COMMANDS, Command
from modem_emulator.commands.registration import report
from modem_emulator.commands.table import Lines, Needs, Pending, Prompt
from modem_emulator.equipment import (
    Action,
    Equipment,
    HangUp,
    PlugIn,
    Registered,
    Reject,
    Write,
)
from modem_emulator.errors import Cme, Cms, CommandFailed, cause_text
from modem_emulator.faults import Fault, Plan
from modem_emulator.profile import Line, PeriodicLine
from modem_emulator.reception import ACKNOWLEDGEMENT_S_MAX, CAUSE_PROTOCOL_ERROR
from modem_emulator.schedule import Schedule
from modem_emulator.sim import SimState
from modem_emulator.ussd import Said

# The longest entry is 164 octets of TPDU and 12 of service centre in hexadecimal, 352 characters; in text mode
# 160 characters as UCS-2 in hexadecimal, 640. Twice that leaves room for line ends.
ENTRY_OCTETS_MAX = 1280
# What may arrive while a command waits for the network: a few lines typed ahead. The rest is dropped.
AHEAD_OCTETS_MAX = 4096
# +CNMI mode 0 keeps indications in the modem; a real one keeps a few dozen.
NOTICES_MAX = 64

# Result codes, and the answers that a client asks for again and again; the longest, a listing, has 20 kB.
FRAMES_KEPT_MAX = 64
# Whoever asked for the prompt and then fell silent for so long has died; the next line is a new client's.
ENTRY_IDLE_S_MAX = 20.0

BACKSPACE, CR, CTRL_Z, ESC = 0x08, 0x0D, 0x1A, 0x1B
# `AT` alone: it takes its time and meets faults as every command does, as `AT` for `Step.on`.
_BARE_AT = Invocation("AT", Form.EXECUTE)
_NUMERIC_RESULTS = {"OK": "0", "NO CARRIER": "3", "ERROR": "4"}
_SIM_ERRORS = {
    SimState.PIN: (Cme.SIM_PIN_REQUIRED, Cms.SIM_PIN_REQUIRED),
    SimState.PUK: (Cme.SIM_PUK_REQUIRED, Cms.SIM_PUK_REQUIRED),
    SimState.BLOCKED: (Cme.SIM_FAILURE, Cms.SIM_FAILURE),
    SimState.ABSENT: (Cme.SIM_NOT_INSERTED, Cms.SIM_NOT_INSERTED),
}
_START = re.compile(rb"[Aa]")
_PLAIN_LINE = re.compile(rb"[Aa][Tt][ -~]{0,%d}\r" % (COMMAND_CHARACTERS_MAX - 2))
_ENTRY_END = re.compile(rb"[\x1a\x1b]")


@lru_cache(maxsize=FRAMES_KEPT_MAX)
def _framed(lines: tuple[str, ...], verbose: bool, carriage_return: int, line_feed: int) -> bytes:
    """Lines as they go out (V.250 clause 5.7.1)."""
    end = chr(carriage_return) + chr(line_feed)
    text = end.join(lines)
    return (end + text + end if verbose else text + end).encode("latin-1", "replace")


class Engine:
    """One modem's command interpreter. Actions come back in the order in which they must happen.

    A new one is on and ready; `power_on` lets it start as its profile says. `plan` holds what befalls its commands.
    """

    def __init__(self, equipment: Equipment, plan: Plan) -> None:
        self.equipment = equipment
        self.plan = plan
        self._schedule = Schedule()  # ends with power
        self._aftermath = Schedule()
        self._waiting_for_sim: list[str] = []
        self._ended: set[PeriodicLine] = set()
        self._silent_until_s = 0.0
        self._answer_s = self._answer_after_s = 0.0
        self._held: Callable[[], None] | None = None
        self._muted = False
        self._entry_at_s = 0.0
        self._command = ""
        self._ahead = bytearray()
        self._line = bytearray()
        self._line_too_long = False
        self._last_body = ""
        self._rest: list[Invocation] = []
        self._prompt: Prompt | None = None
        self._entry = bytearray()
        self._entry_too_long = False
        self._pending: Pending | None = None
        self._registered_before = equipment.registered
        self._deliveries = 0

    @property
    def busy(self) -> bool:
        """A command is under way: it has prompted, or it waits for the network or for its time."""
        return self._prompt is not None or self._pending is not None or self._held is not None

    @property
    def next_due_s(self) -> float | None:
        """When `tick` should be called next, None while nothing waits for time to pass."""
        if not self._schedule and not self._aftermath:
            return None
        due_s, after_s = self._schedule.next_due_s, self._aftermath.next_due_s
        return due_s if after_s is None else after_s if due_s is None else min(due_s, after_s)

    def receive(self, data: bytes, now_s: float) -> list[Action]:
        """Take octets from the port, in any pieces. Never raises; memory stays bounded whatever comes."""
        self.equipment.now_s = now_s
        if now_s < self._silent_until_s or not (self.equipment.powered and self.equipment.listening):
            return []
        if self._prompt is not None and now_s - self._entry_at_s > ENTRY_IDLE_S_MAX:
            self._drop_entry()
        self._entry_at_s = now_s
        self._ahead += data
        self._work()
        return self._take_actions()

    def deliver(self, tpdu: bytes, now_s: float) -> list[Action]:
        """Take a message or status report from the network, as `reception` says.

        The actions hold one Acknowledge or Reject, or it comes later, after +CNMA or the want of it; until then no
        other message may be delivered.
        """
        self.equipment.now_s = now_s
        taken = reception.take(self.equipment, tpdu)
        if taken.lines:
            self._indicate(*taken.lines)
        if taken.answer is None:
            self._deliveries += 1
            self._schedule.put(now_s + ACKNOWLEDGEMENT_S_MAX, partial(self._miss_acknowledgement, self._deliveries))
        else:
            self._act(taken.answer)
        self._flush_notices()
        return self._take_actions()

    def submitted(self, reference: int, now_s: float) -> list[Action]:
        """The service centre has accepted the message with this TP-MR, which a command may still wait to hear of."""

        def succeed(pending: Pending) -> None:
            self._lines(pending.finish(reference))
            self._continue()

        return self._end_pending(reference, succeed, now_s)

    def refused(self, reference: int, cause: int, now_s: float) -> list[Action]:
        """The service centre has refused it; `cause` is RP-Cause, shown as +CMS ERROR (27.005 clause 3.2.5)."""

        def fail(_pending: Pending) -> None:
            self._fail(CommandFailed(cause))

        return self._end_pending(reference, fail, now_s)

    def ussd(self, said: Said, now_s: float) -> list[Action]:
        """The network says something in the USSD dialogue; shown when +CUSD asks for it (27.007 clause 7.15)."""
        self.equipment.now_s = now_s
        settings = self.equipment.settings
        if self.equipment.powered and settings.ussd == 1:
            line = f"+CUSD: {int(said.outcome)}"
            if said.text is not None:
                string, coding = ussd.show(said.text, settings.character_set)
                line += f',"{string}",{coding}'
            self._notify(line)
        self._work()
        return self._take_actions()

    def tick(self, now_s: float) -> list[Action]:
        """Time has passed: what start-up, profile, timings and faults have put for now."""
        self.equipment.now_s = now_s
        self._schedule.run(now_s)
        self._aftermath.run(now_s)
        self._work()
        return self._take_actions()

    # ---- power and faults

    def power_on(self, now_s: float) -> list[Action]:
        """Start, or start anew: the profile's boot lines and times; what was under way gets no answer."""
        self.equipment.now_s = now_s
        self._start()
        self._work()
        return self._take_actions()

    def befall(self, fault: Fault, now_s: float) -> list[Action]:
        """Let a fault happen now."""
        self.equipment.now_s = now_s
        self._suffer(fault)
        self._work()
        return self._take_actions()

    def reach(self, network_there: bool, now_s: float) -> list[Action]:
        """The network behind the cell is there from now on, or is not."""
        self.equipment.now_s, self.equipment.network_there = now_s, network_there
        self._note_registration()
        self._work()
        return self._take_actions()

    def _start(self) -> None:
        self._fall_silent()
        equipment, boot, now_s = self.equipment, self.equipment.profile.boot, self.equipment.now_s
        equipment.powered = True
        equipment.functionality, equipment.deregistered = 1, False
        equipment.ready_s = now_s + boot.ready_s
        self._silent_until_s = now_s + boot.silent_s
        self._note_registration()
        for line in boot.lines:
            self._schedule.put(now_s + line.after_s, partial(self._announce, line))
        self._schedule.put(equipment.ready_s, self._note_registration)
        for periodic in equipment.profile.periodic:
            self._schedule.put(now_s + periodic.every_s, partial(self._say_again, periodic))

    def _fall_silent(self) -> None:
        """Drop everything under way and forget what was set."""
        self._schedule.clear()
        self._waiting_for_sim.clear()
        self._ended.clear()
        for kept in (self._ahead, self._line, self._entry):
            kept.clear()
        self._rest.clear()
        self._prompt = self._pending = self._held = None
        self._muted = self._line_too_long = self._entry_too_long = False
        self._answer_after_s = 0.0
        self._refuse_shown()
        self.equipment.notices.clear()
        self.equipment.sim.power_cycle()
        self.equipment.restore_settings()

    def _say(self, text: str) -> None:
        self._notify(self.equipment.filled(text))

    def _announce(self, line: Line) -> None:
        unlocked = self.equipment.sim.state is SimState.READY
        if line.needs_sim and not unlocked:
            self._waiting_for_sim.append(line.text)
        elif not (line.if_locked and unlocked):
            self._say(line.text)

    def _say_what_waited(self) -> None:
        """Say what start-up had to say once the SIM is unlocked."""
        if self.equipment.sim.state is SimState.READY:
            for text in self._waiting_for_sim:
                self._say(text)
            self._waiting_for_sim.clear()

    def _end_periodic(self, invocation: Invocation) -> None:
        """End the periodic lines that the command ends which has just succeeded."""
        typed = invocation.name + invocation.form + ",".join(invocation.parameters.values)
        self._ended.update(one for one in self.equipment.profile.periodic if typed.startswith(one.until))

    def _say_again(self, periodic: PeriodicLine) -> None:
        if periodic in self._ended:
            return
        if self.equipment.registered or not periodic.while_registered:
            self._say(periodic.text)
        self._schedule.put(self.equipment.now_s + periodic.every_s, partial(self._say_again, periodic))

    def _suffer(self, fault: Fault) -> None:
        match fault:
            case faults.Garbage(octets=count):
                self._write(self.plan.random.randbytes(count))
                self._muted = True
            case faults.Silence():
                self._muted = True
            case faults.SlowAnswer(by_s=by_s):
                self._answer_after_s = max(self._answer_after_s, self.equipment.now_s + by_s)
            case faults.FailCommand(result=result):
                self._rest.clear()
                self._result(result)
            case faults.Say(line=line):
                self._say(line)
            case faults.Reboot():
                self._start()
            case faults.PlugIn():
                self._act(PlugIn())
                self._start()
            case faults.Unplug():
                self._fall_silent()
                self.equipment.powered = False
                self._act(HangUp())
            case _:
                self.equipment.suffer(fault)
        after = faults.aftermath(fault)
        if after is not None:
            self._aftermath.put(self.equipment.now_s + after[0], partial(self._suffer, after[1]))
        self._note_registration()

    def _suffers(self, met: Sequence[Fault]) -> bool:
        """Let faults befall the command under way; whether it came to its end by them."""
        for fault in met:
            self._suffer(fault)
        return any(isinstance(fault, faults.FailCommand | faults.Reboot | faults.Unplug) for fault in met)

    # ---- octets

    def _work(self) -> None:
        while self._ahead and self._pending is None and self._held is None:
            if self._prompt is not None:
                self._take_entry(self._prompt)
            else:
                self._take_line()
        del self._ahead[AHEAD_OCTETS_MAX:]
        self._flush_notices()

    def _take_line(self) -> None:
        """Collect a line from its first A to S3; what stands before the A is noise (V.250 clause 5.2.1)."""
        if not self._line:
            if self._take_plain_line():
                return
            start = _START.search(self._ahead)
            del self._ahead[: start.start() if start else len(self._ahead)]
            if start:
                self._collect(1)
            return
        if len(self._line) == 1:
            self._second_character()
            return
        end = self._ahead.find(self._register(3))
        self._collect(end if end >= 0 else len(self._ahead))
        if end >= 0:
            self._echo(bytes(self._ahead[:1]))
            del self._ahead[:1]
            self._line_ended()

    def _take_plain_line(self) -> bool:
        """Take a whole line at once where there is one that needs no correcting: that is nearly always so."""
        registers = self.equipment.settings.registers
        plain = _PLAIN_LINE.match(self._ahead) if registers[3] == CR and registers[5] == BACKSPACE else None
        if plain is None:
            return False
        line = plain.group()
        del self._ahead[: len(line)]
        self._echo(line)
        self._last_body = line[2:-1].decode("latin-1")
        self._run(self._last_body)
        return True

    def _second_character(self) -> None:
        character = bytes(self._ahead[:1]).upper()
        if character == b"T":
            self._collect(1)
        elif character == b"/":
            self._echo(bytes(self._ahead[:1]))
            del self._ahead[:1]
            self._line.clear()
            self._run(self._last_body)
        else:
            self._line.clear()
            if character != b"A":
                del self._ahead[:1]

    def _collect(self, count: int) -> None:
        """Move characters to the line, correcting with S5 and leaving control characters out."""
        taken = bytes(self._ahead[:count])
        del self._ahead[:count]
        if self._line_too_long:
            return
        self._echo(taken[: COMMAND_CHARACTERS_MAX + 1])
        for octet in taken:
            if octet == self._register(5):
                del self._line[max(2, len(self._line) - 1) :]
            elif octet >= 0x20:
                self._line.append(octet)
            if len(self._line) > COMMAND_CHARACTERS_MAX:
                self._line_too_long = True
                return

    def _line_ended(self) -> None:
        body = self._line[2:].decode("latin-1")
        too_long, self._line_too_long = self._line_too_long, False
        self._line.clear()
        if too_long:
            self._result("ERROR")
        else:
            self._last_body = body
            self._run(body)

    def _take_entry(self, prompt: Prompt) -> None:
        """Collect the text after a prompt until Ctrl-Z sends it or ESC drops it (27.005 clause 3.5.1).

        They are echoed like the rest: oFono takes what follows an echoed PDU without its Ctrl-Z for more of it.
        """
        end = _ENTRY_END.search(self._ahead)
        taken = bytes(self._ahead[: end.start() if end else len(self._ahead)])
        del self._ahead[: len(taken)]
        room = ENTRY_OCTETS_MAX - len(self._entry)
        self._entry += taken[:room]
        self._entry_too_long = self._entry_too_long or len(taken) > room
        self._echo(taken[:room])
        if end is None:
            return
        cancelled = self._ahead[0] == ESC
        self._echo(bytes(self._ahead[:1]))
        del self._ahead[:1]
        entry, too_long = bytes(self._entry), self._entry_too_long
        self._drop_entry()
        if cancelled:
            self._rest.clear()
            self._result("OK")
        elif too_long:
            self._fail(CommandFailed(Cms.INVALID_PDU_PARAMETER))
        else:
            self._entered(prompt, entry)

    def _entered(self, prompt: Prompt, entry: bytes) -> None:
        """Take the text over; a fault that ends the modem comes after that, when a message is on its way."""
        self._take_time()
        met = self.plan.meets(self._command, entered=True) if self.plan.active else []
        last = [fault for fault in met if isinstance(fault, faults.Reboot | faults.Unplug)]
        if self._suffers([fault for fault in met if fault not in last]):
            return
        self._guarded(lambda: prompt.entered(entry))
        self._suffers(last)

    def _drop_entry(self) -> None:
        self._entry.clear()
        self._prompt, self._entry_too_long = None, False

    # ---- commands

    def _run(self, body: str) -> None:
        try:
            self._rest = list(parse(body)) or [_BARE_AT]
        except MalformedLine:
            self._rest = []
            self._result("ERROR")
            return
        self._continue()

    def _continue(self) -> None:
        """Carry out what is left of the line; one OK after the last, or an error in place of the rest."""
        while self._rest:
            if not self._begin(self._rest.pop(0)):
                return
        self._result("OK")
        wanted, self.equipment.restart = self.equipment.restart, None
        if wanted is not None:
            self._start()
            self.equipment.functionality = wanted
            self._note_registration()

    def _begin(self, invocation: Invocation) -> bool:
        """Carry out a command; whether the line can go on at once."""
        self._command = invocation.name
        self._answer_s = self.equipment.profile.timing.of(invocation.name, invocation.form)
        self._take_time()
        if self.plan.active and self._suffers(self.plan.meets(self._command, entered=False)):
            return False
        return self._guarded(partial(self._invoke, invocation), last=False)

    def _take_time(self) -> None:
        if self._answer_s:
            self._answer_after_s = max(self._answer_after_s, self.equipment.now_s + self._answer_s)

    def _hold(self, work: Callable[[], object]) -> None:
        """Go on with `work` when it is time for the answer; until then the command is under way."""

        def go_on() -> None:
            if self._held is go_on:
                self._held = None
                work()

        self._held = go_on
        self._schedule.put(self._answer_after_s, go_on)

    def _guarded(self, work: Callable[[], Lines | Prompt | Pending], last: bool = True) -> bool:
        """Do one command's work; whether the line can go on. With `last`, go on with it."""
        try:
            result = work()
        except CommandFailed as error:
            if self._answer_after_s > self.equipment.now_s:
                self._hold(partial(self._fail, error))
            else:
                self._fail(error)
            return False
        if isinstance(result, Prompt):
            self._prompt = result
            self._write(self.equipment.profile.behaviour.prompt.encode("latin-1"))
            return False
        if isinstance(result, Pending):
            self._pending = result
            return False
        if self._answer_after_s > self.equipment.now_s:
            self._hold(partial(self._go_on, result))
            return False
        self._lines(result)
        if last:
            self._continue()
        return True

    def _go_on(self, lines: Lines) -> None:
        self._lines(lines)
        self._continue()

    def _invoke(self, invocation: Invocation) -> Lines | Prompt | Pending:
        if invocation is _BARE_AT:
            return []
        result = self._answer(invocation)
        if self.equipment.profile.periodic:
            self._end_periodic(invocation)
        if self._waiting_for_sim:
            self._say_what_waited()
        return result

    def _answer(self, invocation: Invocation) -> Lines | Prompt | Pending:
        own = self.equipment.profile.commands
        answer = own.answers.get(invocation.name + invocation.form) if own.answers else None
        if answer is not None:
            return [self.equipment.filled(line) for line in answer]
        command = COMMANDS.get(invocation.name)
        handler = command.handler(invocation.form) if command else None
        if command is None or handler is None or self.equipment.profile.lacks(invocation.name, invocation.form):
            raise self._unsupported(invocation.name)
        if invocation.form is not Form.TEST:
            self._check_sim(command)
        try:
            return handler(self.equipment, invocation.parameters)
        except InvalidParameter as error:
            raise CommandFailed(self._invalid_parameter(command)) from error
        finally:
            self._note_registration()

    def _note_registration(self) -> None:
        """Tell the network and, where +CREG or +CGREG asks for it, the port that registration has changed."""
        registered = self.equipment.registered
        if registered == self._registered_before:
            return
        self._registered_before = registered
        self._act(Registered(registered))
        for name, level in self.equipment.settings.registration_reports.items():
            if level:
                self._notify(report(self.equipment, name, level))

    def _check_sim(self, command: Command) -> None:
        needs = command.needs
        if needs is Needs.NOTHING:
            return
        state = self.equipment.sim.state
        if self.equipment.sim_busy and state is not SimState.ABSENT:
            cme, cms = Cme.SIM_BUSY, Cms.SIM_BUSY
        elif state is SimState.READY or (needs is Needs.CARD and state is not SimState.ABSENT):
            return
        else:
            cme, cms = _SIM_ERRORS[state]
        raise CommandFailed(cms if needs is Needs.MESSAGES else cme)

    def _invalid_parameter(self, command: Command) -> Cme | Cms:
        if command.needs is not Needs.MESSAGES:
            return Cme.INCORRECT_PARAMETERS
        text_mode_set = self.equipment.settings.text_mode
        return Cms.INVALID_TEXT_PARAMETER if text_mode_set else Cms.INVALID_PDU_PARAMETER

    def _unsupported(self, name: str) -> CommandFailed:
        own = self.equipment.profile.errors.unsupported
        if own is not None:
            return CommandFailed(own)
        return CommandFailed(Cme.OPERATION_NOT_SUPPORTED if name.startswith("+") else None)

    def _end_pending(self, reference: int, end: Callable[[Pending], None], now_s: float) -> list[Action]:
        pending = self._pending
        if pending is None or pending.reference != reference:
            return []  # the modem was started anew meanwhile
        self.equipment.now_s = now_s
        self._pending = None
        if now_s < self._answer_after_s:
            self._hold(partial(end, pending))
            return []
        end(pending)
        self._work()
        return self._take_actions()

    # ---- lines that nobody asked for

    def _miss_acknowledgement(self, delivery: int) -> None:
        """No +CNMA came in time: the network keeps the message, and no more are shown (27.005 clause 3.4.4)."""
        if self.equipment.unacknowledged and delivery == self._deliveries:
            self._refuse_shown()
            mode, _, bm, _, bfr = self.equipment.settings.indications
            self.equipment.settings.indications = (mode, 0, bm, 0, bfr)

    def _refuse_shown(self) -> None:
        if self.equipment.unacknowledged:
            self.equipment.unacknowledged = False
            self._act(Reject(CAUSE_PROTOCOL_ERROR))

    def _notify(self, *lines: str) -> None:
        """Say a line that nobody asked for, as soon as no command is under way."""
        self.equipment.notices.append(self._framed(*lines))
        del self.equipment.notices[:-NOTICES_MAX]

    def _indicate(self, *lines: str) -> None:
        """Say that a message has come, when +CNMI lets it out (27.005 clause 3.4.1)."""
        self.equipment.indications.append(self._framed(*lines))
        del self.equipment.indications[:-NOTICES_MAX]

    def _flush_notices(self) -> None:
        waits = self._held is not None or self._pending is not None
        if self._prompt is not None or (waits and not self.equipment.profile.behaviour.notices_interrupt):
            return
        if self.equipment.settings.indications[0] and self.equipment.indications:
            self.equipment.notices += self.equipment.indications
            self.equipment.indications.clear()
        if self.equipment.notices:
            notices, self.equipment.notices[:] = list(self.equipment.notices), []
            for notice in notices:
                self._write(notice)

    # ---- output

    def _register(self, number: int) -> int:
        return self.equipment.settings.registers[number]

    def _framed(self, *lines: str) -> bytes:
        settings = self.equipment.settings
        return _framed(lines, settings.verbose, settings.registers[3], settings.registers[4])

    def _lines(self, lines: Lines) -> None:
        if lines and not self._muted:
            self._write(self._framed(*lines))

    def _result(self, result: str) -> None:
        settings = self.equipment.settings
        self._answer_after_s = 0.0
        if self._muted or settings.quiet:
            self._muted = False
            return
        if settings.verbose:
            self._write(self._framed(result))
        else:
            shown = _NUMERIC_RESULTS.get(result, result)
            self._write((shown + chr(self._register(3))).encode("latin-1"))

    def _fail(self, error: CommandFailed) -> None:
        """End the line with its error result code (27.007 clause 9.1 for what +CMEE asks; 27.005 3.2.5)."""
        self._rest.clear()
        self.equipment.restart = None
        self._result(self._error_line(error.code))

    def _error_line(self, code: Cme | Cms | int | str | None) -> str:
        if isinstance(code, str):
            return code
        level = self.equipment.settings.cmee
        if code is None or (isinstance(code, Cme) and level == 0):
            return "ERROR"
        if isinstance(code, Cme):
            return f"+CME ERROR: {code.text if level == 2 else int(code)}"
        verbose = level == 2 and self.equipment.profile.errors.cms_verbose
        text = code.text if isinstance(code, Cms) else cause_text(code)
        return f"+CMS ERROR: {text if verbose else int(code)}"

    def _echo(self, octets: bytes) -> None:
        if self.equipment.settings.echo and octets:
            self._write(octets)

    def _write(self, octets: bytes) -> None:
        self.equipment.actions.append(Write(octets))

    def _act(self, action: Action) -> None:
        self.equipment.actions.append(action)

    def _take_actions(self) -> list[Action]:
        actions, self.equipment.actions = self.equipment.actions, []
        return actions
