"""What passes between the programs: messages, sealing, key schedule, ISO 8583 profile, framing."""
