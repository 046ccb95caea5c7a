"""What `--port` names is looked at before anything is done with it."""

import click

from console import CannotStart
from handset.settings import Settings

port_option = click.option("--port", metavar="DEV", help="The modem's serial port.  [default: the group's --port]")


def refuse_unfit(settings: Settings, port: str | None, may_come: bool = False) -> None:
    """Raise CannotStart for a path that can be no serial port; `may_come` lets pass what is only not there yet."""
    if port is None:
        return
    from gsm.port_path import Unfit, unfit
    from handset.modem_texts import said_of_unfit

    kind = unfit(port, settings.system_root)
    if kind is None or (may_come and kind in (Unfit.MISSING, Unfit.DANGLING)):
        return
    raise CannotStart(said_of_unfit(port, kind, settings.language))
