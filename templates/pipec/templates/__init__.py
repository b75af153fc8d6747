"""Text that backends print around what they generate. There is no code here."""
