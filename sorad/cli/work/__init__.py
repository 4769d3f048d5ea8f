"""Commands that do the main job, or tell what it would be."""
