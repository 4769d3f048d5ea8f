"""The chosen takes of a storyboard in the forms that editing programs read. All writers are pure."""
