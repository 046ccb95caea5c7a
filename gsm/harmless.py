"""What a modem can say without telling anything of a person: a table of codes, with the source of each group; no I/O.

Masking keeps only what stands here. A code that is in none of the groups loses everything but single small numbers and
the words of `WORDS`, however harmless it may be: put it here, with its source, when a transcript needs its values.

Left out on purpose, so that they are filled: cells and places (+CPSI, +QENG, +CCED, ^MONI, ^SMONI, +CIPGSMLOC),
addresses of the network's (+CGPADDR, +QHTTPURL, +CIPSTART), names of access points and users (+CSTT, +QICSGP, $QCPDPP),
and everything that can hold a setting of the user's own text.
"""

from enum import Enum, auto


class Values(Enum):
    """What may stand behind a code."""

    NUMBERS = auto()  # short numbers and words of WORDS
    NAMES = auto()  # what the device or the network is called, when it was asked for
    PLACE = auto()  # a registration: area and cell go
    PERSONAL = auto()  # numbers, names and texts of people
    UNKNOWN = auto()


# ITU-T V.250 clauses 6.1 to 6.3: what the device is and can do, line settings. The answers name makers and models.
_OF_V250 = {"I", "+GMI", "+GMM", "+GMR", "+GCAP", "+GOI"}
_NUMBERS_OF_V250 = {"+ICF", "+IFC", "+ILRR", "+DS", "+DR", "+ES", "+MS"}

# TS 27.007: maker, model, revision (clauses 5.1 to 5.3), character set (5.5), reason of a call's end (6.10), network
# (7.3 +COPS, 7.19 +CPOL, 7.21 +COPN), descriptions of indicators (8.9 +CIND), list of commands (8.37 +CLAC).
_NAMES_OF_27007 = {"+CGMI", "+CGMM", "+CGMR", "+CSCS", "+CEER", "+COPS", "+CPOL", "+COPN", "+CIND", "+CLAC"}

# TS 27.007, numbers by their definition: type of address (clause 6.1 +CSTA), hang up and bearer (6.5 +CHUP, 6.7 +CBST,
# 6.8 +CRLP, 6.9 +CR, 6.11 +CRC, 6.20 +CVHU), presentation switches and list (7.7 +CLIR, 7.13 +CHLD, 7.17 +CSSN, 7.20
# +CPLS), equipment (8.1 +CPAS, 8.2 +CFUN, 8.4 +CBC, 8.5 +CSQ, 8.6 +CMEC, 8.10 +CMER with +CIEV, 8.11 +CPBS, 8.15 +CCLK,
# 8.23 +CRSL, 8.24 +CLVL, 8.25 +CMUT, 8.40 +CTZU, 8.41 +CTZR), errors (9.1 +CMEE), packet service (10.1.9 +CGATT,
# 10.1.10 +CGACT, 10.1.19 +CGEREP, 10.1.21 +CGSMS). +CPIN and +CLCK are here for what the modem says: what is sent with
# them is a secret. +CGDCONT (10.1.1) is here for its numbers and kinds: the name of the access point, in which some
# networks want a user's name, and the address go.
_NUMBERS_OF_27007 = {
    "+CSTA", "+CHUP", "+CBST", "+CRLP", "+CR", "+CRC", "+CVHU", "+CLIR", "+CHLD", "+CSSN", "+CPLS", "+CPAS", "+CFUN",
    "+CBC", "+CSQ", "+CESQ", "+CMEC", "+CMER", "+CIEV", "+CPBS", "+CCLK", "+CRSL", "+CLVL", "+CMUT", "+CTZU", "+CTZR",
    "+CTZV", "+CTZE", "+CTZEU", "+CMEE", "+CGATT", "+CGACT", "+CGEREP", "+CGSMS", "+CPIN", "+CPINR", "+CLCK",
    "+CGDCONT", "+CRING", "+VTD",
}  # fmt: skip

# TS 27.005: services and storages (clauses 3.2.1 +CSMS, 3.2.2 +CPMS, 3.2.3 +CMGF, 3.3.2 +CSMP, 3.3.3 +CSDH, 3.3.4
# +CSCB: ids of kinds of broadcast, 3.3.5 +CSAS, 3.3.6 +CRES, 3.4.1 +CNMI with +CMTI, +CDSI and +CBMI, 3.4.4 +CNMA,
# 3.5.4 +CMGD, 3.5.6 +CMMS).
_NUMBERS_OF_27005 = {
    "+CSMS", "+CPMS", "+CMGF", "+CSMP", "+CSDH", "+CSCB", "+CSAS", "+CRES", "+CNMI", "+CMTI", "+CDSI", "+CBMI", "+CNMA",
    "+CMGD", "+CMMS",
}  # fmt: skip

# Huawei, "ME909s Series LTE Module AT Command Interface Specification", issue 03 (2019-03-13), and "MU509 HSDPA LGA
# Module AT Command Interface Specification", issue 04 (2013-01-28): signal, mode, service, state of SIM and lock; the
# others as sticks say them (headers of tests/replay/corpus and sources in modem_emulator/profiles).
_HUAWEI_NUMBERS = {
    "^RSSI", "^MODE", "^SRVST", "^SIMST", "^HCSQ", "^SYSINFO", "^SYSINFOEX", "^CURC", "^CARDLOCK", "^CPIN", "^BOOT",
    "^CSNR", "^CVOICE", "^DDTMFCFG", "^USSDMODE", "^U2DIAG", "^SMMEMFULL", "^NDISDUP", "^STIN", "^SYSCFG",
    "^SETPORT",
}  # fmt: skip
_HUAWEI_NAMES = {"^VERSION", "^FHVER", "^HWVER", "^SPN", "^EONS"}

# Quectel, "EC25&EC21 AT Commands Manual" V1.3 (2018-09-20): network and signal, state of the SIM. +QCFG is not here:
# among its many settings are some of free text.
_QUECTEL_NUMBERS = {"+QCSQ", "+QSIMSTAT", "+QINISTAT", "+QIND", "+QURCCFG", "+QUSIM"}
_QUECTEL_NAMES = {"+QNWINFO", "+QSPN", "+QGMR"}

# Others, of which only these values were seen (headers of tests/replay/corpus, sources in modem_emulator/profiles):
# SIMCom's inserted SIM and start-up messages, ZTE's state of SIM and service, Wavecom's phases of the start, Option's
# and Siemens's notices, Sierra's unlocking.
_OTHER_NUMBERS = {
    "+CSMINS", "+CIURC", "+CNMP", "+CNSMOD", "+ZUSIMR", "+ZPASR", "+ZRSSI", "+ZSNT", "+ZOPRT", "+WIND",
    "_OUWCTI", "+GSMBUSY", "+CPROT", "+CLTS", "*PSUTTZ", "+BEARTYPE", "+ZPAS", "+CGSM", "+SYNCML", "+MODE", "+WS46",
}  # fmt: skip
_OTHER_NAMES = {"+CSUB", "+CSPN", "!PRIID", "!IMPREF"}

# TS 27.007 clauses 7.2, 10.1.20 and 10.1.22: <lac>, <tac> and <ci> are a place.
_PLACES = {"+CREG", "+CGREG", "+CEREG", "+C5GREG"}

# Numbers, names and texts of people (TS 27.007 clauses 7.1 +CNUM, 7.6 +CLIP, 7.8 +COLP, 7.11 +CCFC, 7.12 +CCWA, 7.15
# +CUSD, 7.18 +CLCC, 7.30 +CNAP, 8.12 to 8.14 phone books; TS 27.005 clauses 3.3.1, 3.4 and 3.5), and the
# same of Siemens's and Huawei's.
_PERSONAL = {
    "+CMGL", "+CMGR", "+CMT", "+CMGS", "+CMGW", "+CMGC", "+CMSS", "+CPBR", "+CPBF", "+CPBW", "+CNUM", "+CLIP", "+CCWA",
    "+CLCC", "+COLP", "+CNAP", "+CDS", "+CUSD", "+CCFC", "+CSCA", "+CIMI", "+CBM", "+CDIP", "^CPBR", "^CPBW",
    "^SMGR", "^SMGL",
}  # fmt: skip

_GROUPS = (
    (Values.NUMBERS, _NUMBERS_OF_V250 | _NUMBERS_OF_27007 | _NUMBERS_OF_27005),
    (Values.NUMBERS, _HUAWEI_NUMBERS | _QUECTEL_NUMBERS | _OTHER_NUMBERS),
    (Values.NAMES, _OF_V250 | _NAMES_OF_27007 | _HUAWEI_NAMES | _QUECTEL_NAMES | _OTHER_NAMES),
    (Values.PLACE, _PLACES),
    (Values.PERSONAL, _PERSONAL),
)
_TABLE = {code: values for values, codes in _GROUPS for code in codes}

# Words that are constants of TS 27.007 and TS 27.005 (storages, states of the SIM, kinds of address and of context),
# or names of radio technologies, and so say nothing wherever they stand.
WORDS = {
    "SM", "ME", "MT", "BM", "SR", "TA", "SM_P", "ME_P", "BC", "LD", "MC", "RC", "EN", "DC", "FD", "ON", "SC", "AO",
    "OI", "OX", "AI", "IR", "AB", "AG", "AC", "PN", "PU", "PP", "PC", "PS", "FX", "CS", "NT", "READY", "SIM", "PIN",
    "PUK", "PIN2", "PUK2", "PH-SIM", "PH-NET", "PH-FSIM", "PH-SP", "PH-CORP", "ALL", "REC", "READ", "UNREAD", "STO",
    "SENT", "UNSENT", "IP", "IPV6", "IPV4V6", "PPP", "GSM", "GPRS", "EDGE", "UMTS", "WCDMA", "TD-SCDMA", "HSDPA",
    "HSUPA", "HSPA", "LTE", "NR", "CDMA", "EVDO", "CS_PS", "CS_ONLY", "PS_ONLY", "NOSERVICE", "NONE", "NO",
    "SERVICE", "LIMITED", "IRA", "UCS2", "HEX", "PCCP437", "UTF-8", "8859-1", "IMSI", "IMEI", "ICCID",
}  # fmt: skip

# Commands whose answer has bare lines that say what the device is or can do (V.250, TS 27.007 clause 5, 8.37).
BARE_NAMES = {
    "I", "+CGMI", "+CGMM", "+CGMR", "+GMI", "+GMM", "+GMR", "+GCAP", "+GOI", "+CLAC", "+CEER", "+CSUB", "+QGMR",
    "+CIND", "!PRIID", "!IMPREF",
}  # fmt: skip

# Speeds of a line (V.250 clause 6.2.10, and those of USB sticks) look like numbers.
SPEEDS = {
    "0", "75", "150", "300", "600", "1200", "2400", "4800", "7200", "9600", "14400", "19200", "28800", "38400",
    "57600", "76800", "115200", "230400", "460800", "500000", "576000", "921600", "1000000", "1152000", "1500000",
    "2000000", "2500000", "3000000", "3200000", "3500000", "3686400", "4000000",
}  # fmt: skip
SETTING_SPEED = {"+IPR"}


def values_of(code: str) -> Values:
    """What may stand behind a code or command, given in upper case."""
    return _TABLE.get(code, Values.UNKNOWN)
