/**
 * The only client of an adopted QEMU's one monitor. It serves what a QEMU that vmferry started has of its own: two sockets
 * with a client at a time each, and a pair of FIFOs. Arguments: the monitor's socket, the guest's folder, a file that it
 * makes once it answers, and seconds.
 *
 * Ids are its own on the way to QEMU, so that an answer finds who asked, and come back in exactly QEMU's spacing, by which
 * the fence knows them. Events go to everybody; to the FIFO only if there is room, since nobody may be there to read.
 *
 * The socket's peer is who called listen(2): QEMU itself. It is filed as the guest's process, and then the bridge, not before it
 * has the monitor: of two that want it only one is ever on file. It ends with QEMU, or after those seconds if nobody has
 * filed a definition: then whoever started it is lost, and what it made goes with it.
 */
export const BRIDGE: string = String.raw`
import json, os, selectors, shutil, socket, struct, sys, time
path, folder, answers, patience = sys.argv[1:5]
os.umask(0o077)
place = lambda name: os.path.join(folder, name)

def fail(*words):
    print(*words)
    sys.exit(1)

def line(message):
    return (json.dumps(message) + '\r\n').encode()

qemu = socket.socket(socket.AF_UNIX)
qemu.settimeout(5)
try:
    qemu.connect(path)
except socket.timeout:
    fail('busy')
except OSError as error:
    fail('unreachable', error.strerror)
pid = struct.unpack('3i', qemu.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))[0]
heard = b''

def next_message():
    global heard
    while b'\n' not in heard:
        got = qemu.recv(65536)
        if not got:
            fail('stranger', 'it ended the connection')
        heard += got
    text, heard = heard.split(b'\n', 1)
    return json.loads(text)

try:
    greeting = next_message()
    while 'QMP' not in greeting:
        greeting = next_message()
    qemu.sendall(line({'execute': 'qmp_capabilities', 'id': 'vmferry'}))
    answer = {}
    while answer.get('id') != 'vmferry':
        answer = next_message()
except socket.timeout:
    fail('busy')
except (ValueError, TypeError, AttributeError, OSError) as error:
    fail('stranger', error)
if 'error' in answer:
    fail('stranger', answer['error'].get('desc'))
greeting['QMP']['capabilities'] = []
qemu.setblocking(False)

def identity(pid):
    with open('/proc/%d/stat' % pid) as stat, open('/proc/sys/kernel/random/boot_id') as boot:
        return '%d %s %s\n' % (pid, stat.read().rsplit(')', 1)[1].split()[19], boot.read().strip())

def file(name, text):
    with open(place(name + '.new'), 'w') as filed:
        filed.write(text)
    os.rename(place(name + '.new'), place(name))

if os.path.exists(place('process')):
    with open(place('process')) as filed:
        if filed.read() != identity(pid):
            fail('other', pid)
else:
    file('process', identity(pid))
file('bridge', identity(os.getpid()))

MOST = 1 << 20
poll = selectors.DefaultSelector()
asked = {}
count = 0

class End:
    def __init__(self, into, out, listener=None):
        self.into, self.out, self.listener = into, out, listener
        self.heard, self.unsent = b'', b''
        self.negotiated = listener is None
        poll.register(into, selectors.EVENT_READ, self)

    def say(self, message, must=True):
        if not must and len(self.unsent) > (MOST if self.listener else 0):
            return
        text = line(message) if isinstance(message, dict) else message
        before, self.unsent = self.unsent, self.unsent + text
        if not before:
            self.flush()
        if not must and self.unsent == text and not self.listener:
            self.unsent = b''
            self.watch()

    def flush(self):
        try:
            while self.unsent:
                self.unsent = self.unsent[os.write(self.out, self.unsent[:65536]):]
        except BlockingIOError:
            pass
        except OSError:
            return self.ended()
        self.watch()

    def watch(self):
        writing = selectors.EVENT_WRITE if self.unsent else 0
        if self.into == self.out:
            poll.modify(self.into, selectors.EVENT_READ | writing, self)
        elif writing and self.out not in poll.get_map():
            poll.register(self.out, selectors.EVENT_WRITE, self)
        elif not writing and self.out in poll.get_map():
            poll.unregister(self.out)

    def read(self):
        try:
            got = os.read(self.into, 65536)
        except BlockingIOError:
            return
        except OSError:
            got = b''
        if not got:
            return self.ended()
        *texts, self.heard = (self.heard + got).split(b'\n')
        for text in texts:
            if text.strip():
                self.take(text)

    def take(self, text):
        global count
        try:
            message = json.loads(text)
            order = message['execute'] if 'execute' in message else message['exec-oob']
        except (ValueError, KeyError, TypeError):
            return self.say({'error': {'class': 'GenericError', 'desc': 'Not a command'}})
        if order == 'qmp_capabilities' or not self.negotiated:
            said = {'return': {}}
            if order != 'qmp_capabilities':
                desc = "Expecting capabilities negotiation with 'qmp_capabilities'"
                said = {'error': {'class': 'CommandNotFound', 'desc': desc}}
            else:
                self.negotiated = True
            return self.say({**said, **({'id': message['id']} if 'id' in message else {})})
        count += 1
        asked[count] = (self, 'id' in message, message.get('id'))
        monitor.say({**message, 'id': count})

    def ended(self):
        if self not in ends:
            return
        ends.remove(self)
        poll.unregister(self.into)
        sockets.pop(self.into).close()
        serve(self.listener)

class Monitor(End):
    def take(self, text):
        message = json.loads(text)
        if 'event' in message:
            for end in list(ends):
                if end.negotiated:
                    end.say(message, False)
            return
        asker, named, name = asked.pop(message.pop('id', None), (None, False, None))
        if asker in ends:
            asker.say({**message, **({'id': name} if named else {})})

    def ended(self):
        raise EOFError

def serve(listener):
    poll.register(listener, selectors.EVENT_READ, None)

def accept(listener):
    client, _ = listener.accept()
    client.setblocking(False)
    poll.unregister(listener)
    sockets[client.fileno()] = client
    end = End(client.fileno(), client.fileno(), listener)
    ends.append(end)
    end.say(greeting)

def listening(name):
    if os.path.exists(place(name)):
        os.unlink(place(name))
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(place(name))
    listener.listen(8)
    serve(listener)

sockets, ends = {}, []
monitor = End.__new__(Monitor)
monitor.__init__(qemu.fileno(), qemu.fileno())
fifos = []
for name in ('fence.in', 'fence.out'):
    if os.path.exists(place(name)):
        os.unlink(place(name))
    os.mkfifo(place(name))
    fifos.append(os.open(place(name), os.O_RDWR | os.O_NONBLOCK))
ends.append(End(*fifos))
listening('qmp.sock')
listening('spare.sock')
open(answers, 'w').close()

unsettled = time.monotonic() + float(patience)
try:
    if heard:
        *texts, monitor.heard = heard.split(b'\n')
        for text in texts:
            monitor.take(text)
    while True:
        ready = poll.select(None if unsettled is None else 1)
        if unsettled is not None and time.monotonic() > unsettled:
            if not os.path.exists(place('definition.json')):
                shutil.rmtree(folder, True)
                break
            unsettled = None
        for key, events in ready:
            end = key.data
            if end is None:
                accept(key.fileobj)
            elif end is monitor or end in ends:
                if events & selectors.EVENT_WRITE:
                    end.flush()
                if events & selectors.EVENT_READ and (end is monitor or end in ends):
                    end.read()
except EOFError:
    for end in ends:
        if end.unsent:
            try:
                os.write(end.out, end.unsent)
            except OSError:
                pass
`
