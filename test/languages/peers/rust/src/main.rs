// A peer over the crate zeromq (zmq.rs), an implementation of ZeroMQ in Rust; ../../../../interop/peers/README.md says what it
// understands. A send that finds no peer yet is given back by the library; it is tried again until the socket's timeout.

use std::collections::HashMap;
use std::convert::TryFrom;
use std::fmt::Write as _;
use std::io::BufRead;
use std::time::{Duration, Instant};

use zeromq::util::PeerIdentity;
use zeromq::{Socket, SocketOptions, SocketRecv, SocketSend, ZmqError, ZmqMessage};

const PERIOD: usize = 65521;
const SHOWN: usize = 32;

type Fault = Box<dyn std::error::Error>;
type Frames = Vec<Vec<u8>>;

enum Any {
    Req(zeromq::ReqSocket),
    Rep(zeromq::RepSocket),
    Pub(zeromq::PubSocket),
    Sub(zeromq::SubSocket),
    Push(zeromq::PushSocket),
    Pull(zeromq::PullSocket),
    Dealer(zeromq::DealerSocket),
    Router(zeromq::RouterSocket),
}

macro_rules! each {
    ($any:expr, $socket:ident => $call:expr) => {
        match $any {
            Any::Req($socket) => $call,
            Any::Rep($socket) => $call,
            Any::Pub($socket) => $call,
            Any::Sub($socket) => $call,
            Any::Push($socket) => $call,
            Any::Pull($socket) => $call,
            Any::Dealer($socket) => $call,
            Any::Router($socket) => $call,
        }
    };
}

struct Peer {
    socket: Any,
    timeout: Duration,
}

fn pattern_block() -> Vec<u8> {
    let mut x: u32 = 1;
    (0..PERIOD)
        .map(|_| {
            x = x.wrapping_mul(1664525).wrapping_add(1013904223);
            (x >> 24) as u8
        })
        .collect()
}

fn crc32(bytes: &[u8]) -> u32 {
    let mut table = [0u32; 256];
    for (i, entry) in table.iter_mut().enumerate() {
        *entry = (0..8).fold(i as u32, |value, _| if value & 1 == 1 { 0xedb88320 ^ (value >> 1) } else { value >> 1 });
    }
    !bytes.iter().fold(0xffffffffu32, |crc, octet| table[((crc ^ *octet as u32) & 0xff) as usize] ^ (crc >> 8))
}

fn from_hex(text: &str) -> Result<Vec<u8>, Fault> {
    let digits = &text[1..];
    (0..digits.len() / 2).map(|i| Ok(u8::from_str_radix(&digits[2 * i..2 * i + 2], 16)?)).collect()
}

fn frames_of(block: &[u8], text: &str) -> Result<Frames, Fault> {
    let mut frames = Vec::new();
    for frame in text.split(',') {
        if frame.starts_with('x') {
            frames.push(from_hex(frame)?);
            continue;
        }
        let numbers: Vec<usize> = frame[1..].split([':', '*']).map(str::parse).collect::<Result<_, _>>()?;
        for i in 0..numbers.get(2).copied().unwrap_or(1) {
            frames.push((0..numbers[0]).map(|at| block[(numbers[1] + i + at) % PERIOD]).collect());
        }
    }
    Ok(frames)
}

fn describe(frames: &Frames) -> String {
    let texts: Vec<String> = frames
        .iter()
        .map(|frame| {
            let mut text = String::new();
            if frame.len() > SHOWN {
                write!(text, "c{}:{:08x}", frame.len(), crc32(frame)).unwrap();
            } else {
                text.push('x');
                frame.iter().for_each(|octet| write!(text, "{octet:02x}").unwrap());
            }
            text
        })
        .collect();
    texts.join(",")
}

fn make(kind: &str, settings: &[&str]) -> Result<Peer, Fault> {
    let mut timeout = Duration::from_secs(20);
    let mut options = SocketOptions::default();
    for setting in settings {
        match setting.split_once('=').ok_or("not an option")? {
            ("timeout", value) => timeout = Duration::from_millis(value.parse()?),
            ("linger", _) => (),
            ("routingId", value) => {
                options.peer_identity(PeerIdentity::try_from(from_hex(value)?)?);
            }
            (name, _) => return Err(format!("this binding has no option {name}").into()),
        }
    }
    options.connect_timeout(timeout);
    let socket = match kind {
        "REQ" => Any::Req(Socket::with_options(options)),
        "REP" => Any::Rep(Socket::with_options(options)),
        "PUB" => Any::Pub(Socket::with_options(options)),
        "SUB" => Any::Sub(Socket::with_options(options)),
        "PUSH" => Any::Push(Socket::with_options(options)),
        "PULL" => Any::Pull(Socket::with_options(options)),
        "DEALER" => Any::Dealer(Socket::with_options(options)),
        "ROUTER" => Any::Router(Socket::with_options(options)),
        _ => return Err(format!("this binding has no {kind}").into()),
    };
    Ok(Peer { socket, timeout })
}

impl Peer {
    async fn send(&mut self, frames: Frames) -> Result<(), Fault> {
        let end = Instant::now() + self.timeout;
        let message = ZmqMessage::try_from(frames.into_iter().map(Into::into).collect::<Vec<bytes::Bytes>>()).map_err(|_| "an empty message")?;
        loop {
            let message = message.clone();
            let result = match &mut self.socket {
                Any::Req(socket) => socket.send(message).await,
                Any::Rep(socket) => socket.send(message).await,
                Any::Pub(socket) => socket.send(message).await,
                Any::Push(socket) => socket.send(message).await,
                Any::Dealer(socket) => socket.send(message).await,
                Any::Router(socket) => socket.send(message).await,
                Any::Sub(_) | Any::Pull(_) => return Err("this type does not send".into()),
            };
            match result {
                Err(ZmqError::ReturnToSender { .. } | ZmqError::BufferFull(_)) if Instant::now() < end => {
                    tokio::time::sleep(Duration::from_millis(5)).await;
                }
                other => return Ok(other?),
            }
        }
    }

    async fn receive(&mut self) -> Result<Frames, Fault> {
        let message = tokio::time::timeout(self.timeout, async {
            match &mut self.socket {
                Any::Req(socket) => socket.recv().await,
                Any::Rep(socket) => socket.recv().await,
                Any::Sub(socket) => socket.recv().await,
                Any::Pull(socket) => socket.recv().await,
                Any::Dealer(socket) => socket.recv().await,
                Any::Router(socket) => socket.recv().await,
                Any::Pub(_) | Any::Push(_) => Err(ZmqError::Other("this type does not receive")),
            }
        });
        let message = message.await.map_err(|_| "receive: nothing came in time")??;
        Ok(message.into_vec().into_iter().map(|frame| frame.to_vec()).collect())
    }
}

async fn run(peers: &mut HashMap<String, Peer>, block: &[u8], words: &[&str]) -> Result<Vec<String>, Fault> {
    let mut results = Vec::new();
    let [command, id, rest @ ..] = words else { return Err("no command".into()) };
    if *command == "socket" {
        peers.insert(id.to_string(), make(rest[0], &rest[1..])?);
        return Ok(results);
    }
    let peer = peers.get_mut(*id).ok_or("no such socket")?;
    match *command {
        "bind" => {
            each!(&mut peer.socket, socket => socket.bind(rest[0]).await)?;
            results.push(rest[0].to_string());
        }
        "connect" => each!(&mut peer.socket, socket => socket.connect(rest[0]).await)?,
        "subscribe" => match &mut peer.socket {
            Any::Sub(socket) => socket.subscribe(std::str::from_utf8(&from_hex(rest[0])?)?).await?,
            _ => return Err("only SUB subscribes".into()),
        },
        "send" => {
            for message in rest {
                peer.send(frames_of(block, message)?).await?;
            }
        }
        "receive" => {
            for _ in 0..rest[0].parse()? {
                results.push(describe(&peer.receive().await?));
            }
        }
        "ask" => {
            for message in rest {
                peer.send(frames_of(block, message)?).await?;
                results.push(describe(&peer.receive().await?));
            }
        }
        "echo" => {
            for _ in 0..rest[0].parse()? {
                let frames = peer.receive().await?;
                peer.send(frames).await?;
            }
        }
        "close" => {
            let peer = peers.remove(*id).ok_or("no such socket")?;
            each!(peer.socket, socket => socket.close().await);
        }
        _ => return Err(format!("this peer has no command {command}").into()),
    }
    Ok(results)
}

#[tokio::main]
async fn main() {
    println!("ready {}", std::env::args().nth(1).unwrap_or_default());
    let (block, mut peers) = (pattern_block(), HashMap::new());
    for line in std::io::stdin().lock().lines() {
        let Ok(line) = line else { break };
        let words: Vec<&str> = line.split(' ').collect();
        match run(&mut peers, &block, &words).await {
            Ok(results) => println!("{}", std::iter::once("ok".to_string()).chain(results).collect::<Vec<_>>().join(" ")),
            Err(fault) => println!("error {}", fault.to_string().replace('\n', " ")),
        }
    }
    std::process::exit(0);
}
