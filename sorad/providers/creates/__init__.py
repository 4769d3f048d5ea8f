"""What an answer to a create means for the money. Shared by all APIs; pure."""
