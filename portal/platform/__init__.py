"""What every room stands on: database, clock, settings, outbox, jobs, files, logging."""
