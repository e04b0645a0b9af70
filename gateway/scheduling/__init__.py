"""When a pass is due: the schedules of a configuration as jobs."""
