"""Talking to a GSM modem: AT channel, serial line, driver, SMS PDUs."""
