"""What may be done to accounts: whose account it is, who is protected, how old the reason may be, how much in an hour."""
