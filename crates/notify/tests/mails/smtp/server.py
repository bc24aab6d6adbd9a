"""A mail server for tests: replies as it is told on standard input, and tells what it took. It delivers nothing."""
import asyncio, email.policy, json, ssl, sys
from email import message_from_bytes
from aiosmtpd.smtp import SMTP, AuthResult

settings = json.loads(sys.argv[1])
state = {"behave": {}, "mails": []}


class Handler:
    def reply(self, server, step):
        reply = state["behave"].get(step)
        if reply == "cut":
            server.transport.abort()
            return "421 cut"
        return reply

    async def handle_EHLO(self, server, session, envelope, hostname, responses):
        session.host_name = hostname
        reply = self.reply(server, "ehlo")
        return [reply] if reply else responses

    async def handle_MAIL(self, server, session, envelope, address, options):
        reply = self.reply(server, "mail")
        if reply is None:
            envelope.mail_from = address
            envelope.mail_options.extend(options)
        return reply or "250 OK"

    async def handle_RCPT(self, server, session, envelope, address, options):
        reply = self.reply(server, "rcpt")
        if state["behave"].get("refuse") == address:
            reply = f"550 <{address}> unknown"
        if reply is None:
            envelope.rcpt_tos.append(address)
        return reply or "250 OK"

    async def handle_DATA(self, server, session, envelope):
        reply = self.reply(server, "data")
        if reply is None:
            state["mails"].append(told(session, envelope))
        return reply or "250 OK"


def told(session, envelope):
    message = message_from_bytes(envelope.content, policy=email.policy.default)
    parts, attachments = {}, []
    for part in message.walk():
        if part.is_multipart():
            continue
        if part.get_content_disposition() == "attachment":
            text = part.get_payload(decode=True).decode()
            attachments.append([part.get_filename(), part.get_content_type(), text])
        else:
            parts[part.get_content_type()] = part.get_content()
    return {
        "from": envelope.mail_from,
        "to": envelope.rcpt_tos,
        "headers": {name.lower(): str(value) for name, value in message.items()},
        "parts": parts,
        "attachments": attachments,
        "tls": session.ssl is not None,
        "login": session.auth_data,
    }


def authenticate(server, session, envelope, mechanism, data):
    good = data.login.decode() == settings["user"] and data.password.decode() == settings["password"]
    if good:
        session.auth_data = data.login.decode()
    return AuthResult(success=good, handled=False, auth_data=session.auth_data if good else None)


context = None
if "cert" in settings:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(settings["cert"], settings["key"])


def protocol():
    options = {}
    if context and not settings.get("implicit"):
        options.update(tls_context=context, require_starttls=True)
    if "user" in settings:
        options.update(authenticator=authenticate, auth_required=True, auth_require_tls=True)
    return SMTP(Handler(), hostname="localhost", enable_SMTPUTF8=True, **options)


async def serve():
    loop = asyncio.get_running_loop()
    implicit = context if settings.get("implicit") else None
    server = await loop.create_server(protocol, "127.0.0.1", 0, ssl=implicit)
    print(json.dumps({"port": server.sockets[0].getsockname()[1]}), flush=True)
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        request = json.loads(line)
        if "behave" in request:
            state["behave"] = request["behave"]
        print(json.dumps(state["mails"]), flush=True)


asyncio.run(serve())
