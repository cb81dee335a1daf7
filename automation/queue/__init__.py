"""django-q2, narrowed down: its workers run the functions that apps declare, and nothing else."""
