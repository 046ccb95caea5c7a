"""A small program of somebody who uses python-gsmmodem-new, unmodified: opens a port, does one thing, prints JSON.

python library_user.py PORT identify | send NUMBER TEXT | report NUMBER TEXT | receive | take | ussd CODE
"""

import json
import sys
import threading
from typing import Any

from gsmmodem.modem import GsmModem

WAIT_S = 60.0


def parts_of(message: Any) -> list[int]:
    """Number and count of a part; of one without a header, nothing."""
    return [number for element in message.udh for number in (element.number, element.parts)]


def identify(modem: Any) -> dict[str, object]:
    names = ("manufacturer", "model", "revision", "imei", "imsi", "ownNumber", "signalStrength", "networkName")
    return {name: getattr(modem, name) for name in names}


def send(modem: Any, number: str, text: str) -> int:
    return int(modem.sendSms(number, text).reference)


def report(modem: Any, number: str, text: str) -> dict[str, object]:
    sent = modem.sendSms(number, text, waitForDeliveryReport=True, deliveryTimeout=WAIT_S)
    return {"delivered": sent.status == sent.DELIVERED, "number": sent.report.number}


def take(modem: Any) -> list[list[object]]:
    """Everything that lies on the SIM, which is empty then (unless told, the library looks into the modem itself)."""
    messages = [[message.number, message.text, parts_of(message)] for message in modem.listStoredSms(memory="SM")]
    modem.deleteMultipleStoredSms(memory="SM")
    return messages


def ussd(modem: Any, code: str) -> str:
    return str(modem.sendUssd(code, responseTimeout=WAIT_S).message)


def main(port: str, what: str, *arguments: str) -> None:
    came = threading.Event()
    received: list[list[object]] = []

    def taken(message: Any) -> None:
        received.append([message.number, message.text, parts_of(message)])
        came.set()

    modem = GsmModem(port, 115200, smsReceivedCallbackFunc=taken)
    modem.connect()
    try:
        if what == "receive":
            print("ready", flush=True)
            came.wait(WAIT_S)
            result: object = received
        else:
            commands = {"identify": identify, "send": send, "report": report, "take": take, "ussd": ussd}
            result = commands[what](modem, *arguments)
        print(json.dumps(result), flush=True)
    finally:
        modem.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
