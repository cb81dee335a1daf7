"""What automation shows besides the admin's pages, by what it is about."""
