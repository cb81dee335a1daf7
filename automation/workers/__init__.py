"""The processes of `run_worker`.

The supervisor starts all others and replaces those that end: worker processes, which run playbooks,
one process that reads the queue, and one that ends runs whose workers are gone. Each has a pipe of
its own to the supervisor. No lock and no queue is shared, so whichever of them is killed, at
whatever moment, the others go on.
"""
