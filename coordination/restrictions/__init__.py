"""What the subject's account may still do: the ladder, commands to the platform, guarded reinstatement."""
