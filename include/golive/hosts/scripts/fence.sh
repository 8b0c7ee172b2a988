# Raises the fence.
mkdir -p .golive || broken ".golive cannot be made"
lock
fence "$1"
say fenced
