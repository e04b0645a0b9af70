"""The gateway as a service: passes on schedules and wake-ups until it is told to stop."""
