"""The spine: case, subjects, grants, timeline, tasks, deadlines, assignments, notes."""
