"""The one door through which every call goes: how many may be in flight, what they may take, and when they end."""
