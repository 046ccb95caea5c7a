"""Messages on the TCP stream between operator and bank: two bytes of big-endian length, then the message. Sans-IO."""

from wire.errors import BadFrame

# The largest message of the profile has DE48 and DE61 full: below 1,300 bytes. More is no message of ours,
# and a reader that would wait for it is a reader that can be filled with zeros.
FRAME_BYTES_MAX = 2048
LENGTH_BYTES = 2


def frame(message: bytes) -> bytes:
    """Return `message` with its length in front. Raises BadFrame if it is empty or longer than 2,048 bytes."""
    _check(len(message))
    return len(message).to_bytes(LENGTH_BYTES, "big") + message


class FrameReader:
    """Cuts a byte stream into messages, whole or byte by byte; holds at most one message and one length."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def receive(self, data: bytes) -> list[bytes]:
        """Return the messages that `data` completes. Raises BadFrame at a length of 0 or above 2,048.

        Messages that were complete before such a length are returned first; the next call, with or without data,
        raises. So the same stream gives the same messages and the same error however it was cut.
        """
        self._buffer += data
        messages: list[bytes] = []
        while len(self._buffer) >= LENGTH_BYTES:
            length = int.from_bytes(self._buffer[:LENGTH_BYTES], "big")
            if messages and not _allowed(length):
                break
            _check(length)
            if len(self._buffer) < LENGTH_BYTES + length:
                break
            messages.append(bytes(self._buffer[LENGTH_BYTES : LENGTH_BYTES + length]))
            del self._buffer[: LENGTH_BYTES + length]
        return messages

    @property
    def inside_message(self) -> bool:
        """Whether the stream would end in the middle of a message if it ended now."""
        return bool(self._buffer)


def _allowed(length: int) -> bool:
    return 1 <= length <= FRAME_BYTES_MAX


def _check(length: int) -> None:
    if not _allowed(length):
        raise BadFrame(f"a message of {length} bytes; needs 1 to {FRAME_BYTES_MAX}")
