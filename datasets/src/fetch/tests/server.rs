//! A server that answers as it is told to.

use std::io::{self, BufRead as _, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use rustls::crypto::ring::default_provider;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _};
use rustls::{ServerConfig, ServerConnection, StreamOwned};

/// Of `localhost`, for a hundred years; its key is known to all who read this.
pub(super) const CERTIFICATE: &[u8] = include_bytes!("localhost.crt");
const KEY: &[u8] = include_bytes!("localhost.key");

/// What is asked for.
#[derive(Clone, Debug)]
pub(super) struct Request {
    pub(super) path: String,
    /// The first byte of `Range: bytes=FIRST-`.
    pub(super) from: Option<u64>,
}

/// What comes after the bytes of an answer.
#[derive(Clone, Copy, Debug)]
pub(super) enum Then {
    Close,
    /// Nothing, for as long as the other one waits.
    Hang,
    /// A byte now and then.
    Trickle,
    /// More and more.
    Endless,
}

#[derive(Debug)]
pub(super) struct Answer {
    bytes: Vec<u8>,
    then: Then,
}

impl Answer {
    pub(super) fn new(bytes: impl Into<Vec<u8>>) -> Self {
        Self { bytes: bytes.into(), then: Then::Close }
    }

    pub(super) fn then(self, then: Then) -> Self {
        Self { then, ..self }
    }

    /// With so many bytes of the body only.
    pub(super) fn cut(mut self, body: usize) -> Self {
        let head = self.bytes.windows(4).position(|it| it == b"\r\n\r\n").unwrap() + 4;
        self.bytes.truncate(head + body);
        self
    }
}

/// All of `content`, or the rest of it.
pub(super) fn answer(content: &[u8], from: Option<u64>) -> Answer {
    let first = from.map_or(0, |from| usize::try_from(from).unwrap());
    let (rest, size) = (&content[first..], content.len());
    let head = match from {
        None => format!("HTTP/1.1 200 OK\r\ncontent-length: {size}\r\n\r\n"),
        Some(first) => format!(
            "HTTP/1.1 206 Partial Content\r\ncontent-length: {}\r\n\
             content-range: bytes {first}-{}/{size}\r\n\r\n",
            rest.len(),
            size - 1
        ),
    };
    Answer::new([head.as_bytes(), rest].concat())
}

pub(super) struct Server {
    scheme: &'static str,
    address: SocketAddr,
    requests: Arc<Mutex<Vec<Request>>>,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    pub(super) fn start(answer: impl Fn(&Request) -> Answer + Send + 'static) -> Self {
        Self::listen("http", move |stream, kept, stop| {
            serve(stream, &answer, kept, stop, |stream| {
                let mut byte = [0];
                let _ = stream.set_nonblocking(true);
                matches!(stream.peek(&mut byte), Ok(0))
            })
        })
    }

    /// The same over TLS.
    pub(super) fn start_tls(answer: impl Fn(&Request) -> Answer + Send + 'static) -> Self {
        let certificate = CertificateDer::from_pem_slice(CERTIFICATE).unwrap();
        let key = PrivateKeyDer::from_pem_slice(KEY).unwrap();
        let config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate], key)
            .unwrap();
        let config = Arc::new(config);
        Self::listen("https", move |stream, kept, stop| {
            let connection = ServerConnection::new(config.clone()).unwrap();
            let mut stream = StreamOwned::new(connection, stream);
            serve(&mut stream, &answer, kept, stop, |_| true)?;
            stream.conn.send_close_notify();
            stream.flush()
        })
    }

    fn listen(
        scheme: &'static str,
        serve: impl Fn(&TcpStream, &Mutex<Vec<Request>>, &AtomicBool) -> io::Result<()> + Send + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let requests = Arc::new(Mutex::new(Vec::new()));
        let stop = Arc::new(AtomicBool::new(false));
        let (kept, stopped) = (requests.clone(), stop.clone());
        let thread = thread::spawn(move || {
            for stream in listener.incoming() {
                if stopped.load(Ordering::Relaxed) {
                    return;
                }
                // Who hangs up early has seen enough.
                let _ = serve(&stream.unwrap(), &kept, &stopped);
            }
        });
        Self { scheme, address, requests, stop, thread: Some(thread) }
    }

    pub(super) fn url(&self) -> String {
        format!("{}://{}/", self.scheme, self.address)
    }

    pub(super) fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().iter().map(|request| request.path.clone()).collect()
    }

    pub(super) fn ranges(&self) -> Vec<Option<u64>> {
        self.requests.lock().unwrap().iter().map(|request| request.from).collect()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        let _ = TcpStream::connect(self.address);
        let _ = self.thread.take().unwrap().join();
    }
}

fn serve<S: Read + Write>(
    mut stream: S,
    answer: &impl Fn(&Request) -> Answer,
    kept: &Mutex<Vec<Request>>,
    stop: &AtomicBool,
    is_closed: impl Fn(&S) -> bool,
) -> io::Result<()> {
    let mut lines = BufReader::new(&mut stream).lines();
    let first = lines.next().unwrap_or(Ok(String::new()))?;
    let path = first.split(' ').nth(1).unwrap_or_default().to_owned();
    let mut from = None;
    for line in lines {
        let line = line?.to_lowercase();
        if line.is_empty() {
            break;
        }
        if let Some(range) = line.strip_prefix("range: bytes=") {
            from = range.trim_end_matches('-').parse().ok();
        }
    }
    let request = Request { path, from };
    kept.lock().unwrap().push(request.clone());
    let Answer { bytes, then } = answer(&request);
    stream.write_all(&bytes)?;
    let pause = match then {
        Then::Close => return Ok(()),
        Then::Hang | Then::Trickle => Duration::from_millis(20),
        Then::Endless => Duration::ZERO,
    };
    while !stop.load(Ordering::Relaxed) {
        thread::sleep(pause);
        match then {
            Then::Trickle => stream.write_all(b"a")?,
            Then::Endless => stream.write_all(&[0; 4096])?,
            _ if is_closed(&stream) => return Ok(()),
            _ => {}
        }
    }
    Ok(())
}
