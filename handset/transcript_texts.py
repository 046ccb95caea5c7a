"""What is said of recordings and transcripts, in Chinese and English (see `handset.texts`)."""

from enum import unique

from handset.texts import Sentence


@unique
class TranscriptText(Sentence):
    """The texts of `handset modem record, replay, show, import`; what is wrong inside a file is named in English."""

    # playing
    NOTHING_TO_PLAY = (
        "{file}：只有文件头，没有对话，无法播放",
        "{file}: there is a header and no dialogue, so there is nothing to play",
    )
    STRICT_OR_BY_COMMAND = (
        "--strict 和 --by-command 不能同时使用",
        "--strict and --by-command exclude each other",
    )
    PLAYED = (
        "{file}：已播放完；程序再发送任何内容，播放就结束",
        "{file}: played to its end; whatever else the program sends ends the replay",
    )
    NOT_IN_IT = ("{file}：对话中没有：{command}", "{file}: not in the transcript: {command}")
    STOPPED_EARLY = ("{file}：没有播放完就停止了", "{file}: stopped before its end")

    # recording
    NO_PTY = ("无法建立端口：{reason}", "no port can be made: {reason}")
    NO_PORT = ("请给出调制解调器的端口：--port DEV", "give the modem's port: --port DEV")
    LINK_LEFT = (
        "{link} 是一个已结束的程序留下的，现在指向新的端口",
        "{link} was left by a program that has ended; it leads to the new port now",
    )
    BEING_MASKED = (
        "录制结束：{reason}；正在遮蔽 {octets} 字节，可能要几分钟",
        "it ended because {reason}; {octets} octets are being masked, which may take minutes",
    )
    WRITTEN = (
        "{file}：{events} 条；录制结束：{reason}",
        "{file}: {events} events; it ended because {reason}",
    )
    # why it ended, by the names of gsm.recorder.End
    ENDED_STOPPED = ("被停止", "it was stopped")
    ENDED_GONE = ("调制解调器已断开", "the modem is gone")
    ENDED_FULL = ("一份记录装不下更多", "a transcript holds no more")

    # writing and reading files
    THERE_ALREADY = ("{file} 已经存在，请换一个名字", "{file} is there already; choose another name")
    NO_FOLDER = (
        "{file}：文件夹 {folder} 不存在，请建立：mkdir -p {folder}",
        "{file}: the folder {folder} is not there; make it: mkdir -p {folder}",
    )
    INSTEAD = ("{why}；录下的内容改存在 {file}", "{why}; what was recorded is in {file} instead")
    LOST = (
        "{why}；也无法写入 {folder}（{reason}），内容已丢失",
        "{why}; nor could it be written to {folder} ({reason}), so it is lost",
    )
    NOT_WRITTEN = ("没有写入任何内容：{reason}", "nothing was written: {reason}")
    LOG_TOO_LONG = (
        "{file}：日志最多 {most} 字节，请只截取有关的部分",
        "{file}: a log has at most {most} octets; cut out the part that matters",
    )
    NOT_ASCII = (
        "{file}：不是对话记录：第 {octet} 字节不是 ASCII",
        "{file}: not a transcript: octet {octet} is not ASCII",
    )

    # showing
    MASKED = ("已遮蔽：{kinds}", "masked: {kinds}")
    NOTHING_MASKED = ("无", "nothing")
    NO_DIALOGUE = ("没有对话", "there is no dialogue")
