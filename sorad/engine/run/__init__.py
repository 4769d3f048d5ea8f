"""What keeps the engine going: the loop, its threads, and the commands of users."""
