"""`lilliput serve`: stories over HTTP, in the shapes of OpenAI's API.

run.py          sockets, signals, start and end
connection.py   a client's connection: how long it may dawdle
guards.py       who may ask: host names, keys, the size of a body
api.py          the routes
schema.py       what a request may say; neutral.py what it may say only as nothing
hosted.py       the models
prompts.py      from what a request says to token ids; chat.py for messages
worker.py       the thread that owns an engine, and the queue before it
text.py         from ids to text: stop texts, log-probabilities
channel.py      from that thread back to the request that waits
exchange.py     an answer, whole or piece by piece; replies.py its shapes
refusals.py     the shape of errors
"""
