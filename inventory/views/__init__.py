"""Pages of servers and of inventory sources."""
