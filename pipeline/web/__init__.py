"""The page: what a person sees in a browser of what the service knows, and the same as data for other programs.

It reads the store of the running service and never writes it; what a person asks for there becomes an act that the
service takes up, as that of `mailwarden silence` does. It is the only door to Starlette and uvicorn.
"""
