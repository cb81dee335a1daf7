"""The console while its database is away: one answer for everybody, and one line in the log."""
