"""What answers mean: ids, statuses, addresses of videos, lists. Shared by all APIs; pure."""
