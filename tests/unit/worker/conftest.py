from support.ledgers import clock, dispatcher, store

__all__ = ["clock", "dispatcher", "store"]
