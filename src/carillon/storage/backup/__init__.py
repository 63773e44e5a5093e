"""Copies of a whole installation that can be put back: `make`, `restore`, and the hourly `snapshot`."""
