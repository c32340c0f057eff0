//! A bad network: a TCP proxy that delays, counts, freezes and cuts.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use crate::server::Server;

/// A proxy on loopback in front of a server.
///
/// Data is delayed, not held back: any amount may be on its way at once, as on a long wire. All connections through it
/// end when it is dropped.
#[derive(Debug)]
pub struct Proxy {
    address: SocketAddr,
    shared: Arc<Shared>,
}

/// When the line is cut. Counted over all connections through the proxy, from [`Proxy::cut`] on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cut {
    /// Now.
    Now,
    /// In place of the client's n-th message (from 1), which the server does not see.
    ///
    /// A message is one of PostgreSQL's protocol, without TLS: the start-up packet and each step of the authentication
    /// are messages as well.
    BeforeMessage(u64),
    /// When the client's n-th message has gone to the server whole; nothing that answers it comes back.
    AfterMessage(u64),
    /// When this many of the client's bytes have gone to the server.
    AfterBytes(u64),
}

/// What has gone through.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Traffic {
    /// Connections that were made.
    pub connections: u64,
    /// Runs of data from the client that no data from the server interrupts, as the client sees it: one for each time
    /// that the client spoke after it had been answered, so at least the number of round trips that it waited for.
    pub bursts: u64,
    /// Messages of PostgreSQL's protocol from the client (without TLS).
    pub messages: u64,
    /// Bytes from the client.
    pub sent: u64,
    /// Bytes from the server.
    pub received: u64,
}

#[derive(Debug)]
struct Shared {
    delay: Duration,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    traffic: Traffic,
    last_speaker: Option<Speaker>,
    line: Line,
    armed: Option<Cut>,
    streams: Vec<TcpStream>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Speaker {
    Client,
    Server,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Line {
    #[default]
    Up,
    Frozen,
    Cut,
    /// The proxy is gone.
    Down,
}

impl Proxy {
    /// A proxy in front of a PostgreSQL server that delays each way by this much.
    ///
    /// # Panics
    /// Where no port can be had.
    #[must_use]
    #[track_caller]
    pub fn new(server: &Server, delay_each_way: Duration) -> Self {
        Proxy::to(SocketAddr::from((Ipv4Addr::LOCALHOST, server.port())), delay_each_way)
    }

    /// A proxy in front of whatever listens there.
    ///
    /// # Panics
    /// Where no port can be had.
    #[must_use]
    #[track_caller]
    pub fn to(server: SocketAddr, delay_each_way: Duration) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port is free");
        let address = listener.local_addr().expect("a bound socket has an address");
        let shared = Arc::new(Shared { delay: delay_each_way, state: Mutex::default(), changed: Condvar::new() });
        let accepting = Arc::clone(&shared);
        thread::spawn(move || {
            for client in listener.incoming() {
                match accepting.lock().line {
                    Line::Down => return,
                    Line::Cut => continue,
                    Line::Up | Line::Frozen => {}
                }
                // A server that is gone is a connection that ends at once.
                if let (Ok(client), Ok(server)) = (client, TcpStream::connect(server)) {
                    let _ = connect(&accepting, client, server);
                }
            }
        });
        Proxy { address, shared }
    }

    /// The port to connect to, on 127.0.0.1; see [`crate::TestDb::url_at`].
    #[must_use]
    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// What has gone through since the start, or since [`Proxy::reset`].
    #[must_use]
    pub fn traffic(&self) -> Traffic {
        self.shared.lock().traffic
    }

    /// Counts from zero again.
    pub fn reset(&self) {
        let mut state = self.shared.lock();
        state.traffic = Traffic::default();
        state.last_speaker = None;
    }

    /// Cuts the line at that point: every connection ends, and new ones are refused until [`Proxy::mend`].
    pub fn cut(&self, when: Cut) {
        let mut state = self.shared.lock();
        let traffic = state.traffic;
        match when {
            Cut::Now => self.shared.cut(&mut state),
            Cut::BeforeMessage(n) => state.armed = Some(Cut::BeforeMessage(traffic.messages + n)),
            Cut::AfterMessage(n) => state.armed = Some(Cut::AfterMessage(traffic.messages + n)),
            Cut::AfterBytes(n) => state.armed = Some(Cut::AfterBytes(traffic.sent + n)),
        }
    }

    /// Whether the line is cut.
    #[must_use]
    pub fn is_cut(&self) -> bool {
        self.shared.lock().line == Line::Cut
    }

    /// Lets new connections through again, and no cut is planned any more.
    pub fn mend(&self) {
        self.shared.set(Line::Up);
        self.shared.lock().armed = None;
    }

    /// Holds all data back: nobody is told, nothing is lost.
    pub fn freeze(&self) {
        self.shared.set(Line::Frozen);
    }

    /// Lets the data go on.
    pub fn thaw(&self) {
        self.shared.set(Line::Up);
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.shared.cut(&mut self.shared.lock());
        self.shared.set(Line::Down);
        // Wakes the thread that waits for connections.
        let _ = TcpStream::connect(self.address);
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn set(&self, line: Line) {
        self.lock().line = line;
        self.changed.notify_all();
    }

    fn cut(&self, state: &mut State) {
        state.line = Line::Cut;
        state.armed = None;
        for stream in state.streams.drain(..) {
            let _ = stream.shutdown(Shutdown::Both);
        }
        self.changed.notify_all();
    }

    /// The state, when the line is not frozen; nothing when it is cut.
    fn when_up(&self) -> Option<MutexGuard<'_, State>> {
        let state = self.lock();
        let state = self.changed.wait_while(state, |state| state.line == Line::Frozen);
        let state = state.unwrap_or_else(PoisonError::into_inner);
        (state.line == Line::Up).then_some(state)
    }
}

fn connect(shared: &Arc<Shared>, client: TcpStream, server: TcpStream) -> std::io::Result<()> {
    client.set_nodelay(true)?;
    server.set_nodelay(true)?;
    {
        let mut state = shared.lock();
        state.traffic.connections += 1;
        state.streams.extend([client.try_clone()?, server.try_clone()?]);
    }
    pump(shared, Speaker::Client, client.try_clone()?, server.try_clone()?);
    pump(shared, Speaker::Server, server, client);
    Ok(())
}

/// Carries data one way: one thread reads and notes the time, another one writes when the time has come.
fn pump(shared: &Arc<Shared>, speaker: Speaker, from: TcpStream, to: TcpStream) {
    let (send, receive) = mpsc::channel();
    let reading = Arc::clone(shared);
    thread::spawn(move || read(&reading, speaker, from, &send));
    let writing = Arc::clone(shared);
    thread::spawn(move || write(&writing, speaker, to, &receive));
}

type Parcel = (Instant, Vec<u8>);

fn read(shared: &Shared, speaker: Speaker, mut from: TcpStream, to: &Sender<Parcel>) {
    let mut buffer = vec![0; 64 * 1024];
    let mut messages = Messages::default();
    while let Ok(length) = from.read(&mut buffer)
        && length > 0
    {
        let due = Instant::now() + shared.delay;
        let mut data = buffer[..length].to_vec();
        if speaker == Speaker::Client {
            let mut state = shared.lock();
            let plan = plan_of(&mut state, &mut messages, &data);
            if state.last_speaker.replace(Speaker::Client) != Some(Speaker::Client) {
                state.traffic.bursts += 1;
            }
            if let Some(length) = plan {
                // What may still go goes now, and the server gets to read it before it sees the end.
                data.truncate(length);
                state.traffic.sent += length as u64;
                state.armed = None;
                drop(state);
                let _ = to.send((due, data));
                let _ = to.send((due, Vec::new()));
                return;
            }
            state.traffic.sent += length as u64;
        }
        if to.send((due, data)).is_err() {
            return;
        }
    }
}

/// Counts messages, and says how much of the data may go where the line is to be cut in it.
fn plan_of(state: &mut State, messages: &mut Messages, data: &[u8]) -> Option<usize> {
    let (sent, seen) = (state.traffic.sent, state.traffic.messages);
    let ends = messages.ends_in(data);
    state.traffic.messages += ends.len() as u64;
    // The offset after the n-th message of all, where that ends in this data.
    let end_of = |n: u64| n.checked_sub(seen + 1).and_then(|index| ends.get(index as usize).copied());
    match state.armed? {
        Cut::Now => Some(0),
        Cut::AfterMessage(n) => end_of(n),
        Cut::BeforeMessage(n) if n == seen + 1 => Some(0),
        Cut::BeforeMessage(n) => end_of(n - 1).filter(|end| *end < data.len()),
        Cut::AfterBytes(n) => (n <= sent + data.len() as u64).then(|| n.saturating_sub(sent) as usize),
    }
}

fn write(shared: &Shared, speaker: Speaker, mut to: TcpStream, from: &Receiver<Parcel>) {
    while let Ok((due, data)) = from.recv() {
        thread::sleep(due.saturating_duration_since(Instant::now()));
        let Some(mut state) = shared.when_up() else { return };
        if data.is_empty() {
            return shared.cut(&mut state);
        }
        if speaker == Speaker::Server {
            state.traffic.received += data.len() as u64;
            state.last_speaker = Some(Speaker::Server);
        }
        drop(state);
        if to.write_all(&data).is_err() {
            return;
        }
    }
    // The other side has ended; so does this one, once all has arrived.
    let _ = to.shutdown(Shutdown::Write);
}

/// Finds the ends of a client's messages in its stream. (PostgreSQL, "Message Formats": a type byte but in the first
/// ones, then a length that counts itself)
#[derive(Debug, Default)]
struct Messages {
    started: bool,
    header: Vec<u8>,
    /// Bytes of the current message that are still to come, once its header is complete.
    missing: usize,
}

impl Messages {
    fn ends_in(&mut self, data: &[u8]) -> Vec<usize> {
        let mut ends = Vec::new();
        let mut at = 0;
        while at < data.len() {
            if self.missing == 0 {
                self.header.push(data[at]);
                at += 1;
                let (length, request) = match (self.started, self.header.as_slice()) {
                    (true, [_, length @ ..]) if length.len() == 4 => (length, None),
                    // The first packets have a protocol version or a request code in place of a type.
                    (false, [length @ .., _, _, _, _]) if length.len() == 4 => (length, Some(&self.header[4..8])),
                    _ => continue,
                };
                let length = length.iter().fold(0, |all, byte| all << 8 | usize::from(*byte));
                // TLS and GSS requests (1234.5679 and .5680) are followed by the start-up packet itself.
                let is_request = request.is_some_and(|code| code[..2] == 1234_u16.to_be_bytes());
                self.missing = length.saturating_sub(if request.is_some() { 8 } else { 4 });
                self.started |= !is_request;
                self.header.clear();
            } else {
                let taken = self.missing.min(data.len() - at);
                at += taken;
                self.missing -= taken;
            }
            if self.missing == 0 && self.header.is_empty() {
                ends.push(at);
            }
        }
        ends
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::TestDb;
    use crate::process::wait_until;

    fn client(db: &TestDb<'_>, proxy: &Proxy) -> postgres::Client {
        try_client(db, proxy).unwrap()
    }

    fn try_client(db: &TestDb<'_>, proxy: &Proxy) -> Result<postgres::Client, postgres::Error> {
        postgres::Client::connect(&db.url_at(proxy.port()), postgres::NoTls)
    }

    #[test]
    fn each_way_takes_its_delay_and_the_wire_holds_any_amount() {
        let db = TestDb::new();
        let proxy = Proxy::new(db.server(), Duration::from_millis(10));
        let mut client = client(&db, &proxy);
        client.simple_query("SELECT 1").unwrap();
        let start = Instant::now();
        for _ in 0..5 {
            client.simple_query("SELECT 1").unwrap();
        }
        let took = start.elapsed();
        assert!(took >= Duration::from_millis(100), "5 round trips: {took:?}");
        // 20 MB in one round trip and a bit: as separate delays of 64 kB they would take six seconds, on an idle machine.
        let start = Instant::now();
        client.simple_query("SELECT repeat('x', 20000000)").unwrap();
        assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
        assert!(proxy.traffic().received > 20_000_000);
    }

    #[test]
    fn bursts_and_messages_are_counted() {
        let db = TestDb::new();
        let proxy = Proxy::new(db.server(), Duration::ZERO);
        let mut client = client(&db, &proxy);
        proxy.reset();
        for _ in 0..3 {
            client.simple_query("SELECT 1; SELECT 2").unwrap();
        }
        let traffic = proxy.traffic();
        assert_eq!((traffic.bursts, traffic.messages), (3, 3), "{traffic:?}");
        assert_eq!(traffic.sent, 3 * (5 + "SELECT 1; SELECT 2\0".len() as u64));

        // Two requests that do not wait for each other are one burst.
        proxy.reset();
        let mut raw = TcpStream::connect(("127.0.0.1", proxy.port())).unwrap();
        raw.write_all(b"\0\0\0\x08\x04\xd2\x16\x2f").unwrap();
        raw.read_exact(&mut [0]).unwrap();
        assert_eq!((proxy.traffic().bursts, proxy.traffic().messages), (1, 1));
    }

    #[test]
    fn the_line_is_cut_where_it_was_asked() {
        let db = TestDb::new();
        db.query("CREATE TABLE t (a int)");
        let proxy = Proxy::new(db.server(), Duration::ZERO);
        let count = || db.query("SELECT count(*) FROM t").trim().parse::<u32>().unwrap();
        let insert = |client: &mut postgres::Client| client.simple_query("INSERT INTO t VALUES (1)").is_ok();
        for (cut, kept) in [(Cut::BeforeMessage(2), 1), (Cut::AfterMessage(2), 2), (Cut::AfterBytes(40), 1)] {
            db.query("TRUNCATE t");
            let mut client = client(&db, &proxy);
            proxy.cut(cut);
            assert!(insert(&mut client), "{cut:?}: the first message passes");
            assert!(!insert(&mut client), "{cut:?}: the second one does not");
            assert!(proxy.is_cut());
            assert!(try_client(&db, &proxy).is_err(), "a cut line takes no connections");
            assert!(wait_until(Duration::from_secs(2), || count() == kept), "{cut:?}: {} rows", count());
            thread::sleep(Duration::from_millis(50));
            assert_eq!(count(), kept, "{cut:?}");
            proxy.mend();
        }
        let mut client = client(&db, &proxy);
        proxy.cut(Cut::Now);
        assert!(!insert(&mut client));
    }

    #[test]
    fn a_frozen_line_loses_nothing() {
        let db = TestDb::new();
        let proxy = Proxy::new(db.server(), Duration::ZERO);
        let mut client = client(&db, &proxy);
        proxy.freeze();
        let start = Instant::now();
        thread::scope(|scope| {
            let asking = scope.spawn(|| client.simple_query("SELECT 1").is_ok());
            thread::sleep(Duration::from_millis(100));
            assert!(!asking.is_finished());
            proxy.thaw();
            assert!(asking.join().unwrap());
        });
        assert!(start.elapsed() >= Duration::from_millis(100));
    }
}
