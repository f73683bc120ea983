/** Milliseconds in which the other end must take something: xl can be busy with what it has. One that is idle is asked for a sign of life. */
const PATIENCE = 60_000

const KEEPALIVE = `
def watched(way):
    way.settimeout(None)
    way.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for option, value in ('TCP_KEEPIDLE', 5), ('TCP_KEEPINTVL', 5), ('TCP_KEEPCNT', 2):
        way.setsockopt(socket.IPPROTO_TCP, getattr(socket, option), value)
    way.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, ${PATIENCE})
    return way
`

/**
 * A Python program for the target: listens at the port $2 (0: any that is free), files which in "port" of the folder $1, and
 * waits for somebody who says what the file "pass" holds; anybody else is sent away. Then nobody else can come, and it becomes
 * the shell script $3 for that folder, with the connection as its input and output.
 */
export const LISTEN: string = `
import hmac, os, socket, sys
${KEEPALIVE}
folder, port, script = sys.argv[1:]
os.chdir(folder)
with open('pass', 'rb') as file:
    word = file.read()
dual = socket.has_dualstack_ipv6()
door = socket.create_server(('', int(port)), family=socket.AF_INET6 if dual else socket.AF_INET, dualstack_ipv6=dual)
with open('port.new', 'w') as file:
    file.write(str(door.getsockname()[1]))
os.rename('port.new', 'port')
while True:
    way, _ = door.accept()
    way.settimeout(5)
    said = b''
    try:
        while len(said) < len(word):
            more = way.recv(len(word) - len(said))
            if not more:
                break
            said += more
    except OSError:
        pass
    if hmac.compare_digest(said, word):
        break
    way.close()
door.close()
way = watched(way)
os.dup2(way.fileno(), 0)
os.dup2(way.fileno(), 1)
way.close()
os.execvp('sh', ['sh', '-c', script, 'sh', folder])
`

/** A Python program for the source: carries its input to the host $1, port $2, after what the file $3 holds, and what comes back to its output. */
export const CONNECT: string = `
import os, socket, sys
${KEEPALIVE}
host, port, file = sys.argv[1:]
with open(file, 'rb') as file:
    word = file.read()
way = watched(socket.create_connection((host, int(port)), 10))
way.sendall(word)
os.dup2(way.fileno(), 5)
os.execvp('sh', ['sh', '-c', 'exec 6<&0; cat <&6 >&5 & exec cat <&5'])
`
