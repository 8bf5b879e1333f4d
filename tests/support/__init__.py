"""What tests share: processes, a client, a whole system."""
