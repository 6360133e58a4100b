//! One file over HTTP, from where an earlier try has ended.

use std::io::{ErrorKind, Read};
use std::time::{Duration, Instant};

use ureq::http::StatusCode;
use ureq::tls::{RootCerts, TlsConfig};
use ureq::{Agent, Body, http::Response};

use super::error::{Stop, Why};
use super::place::Part;
use super::{Options, Watch};

/// How often one is sent on.
const MAX_REDIRECTS: u32 = 5;
/// Tries of one mirror, each of which has to bring the file on.
const MAX_TRIES: u32 = 12;
/// Bytes that have to come in the idle time-out.
const MIN_BYTES: u64 = 1024;

/// How large a file is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Size {
    exact: Option<u64>,
    limit: u64,
}

impl Size {
    pub(super) fn exactly(bytes: usize) -> Self {
        let bytes = bytes as u64;
        Self { exact: Some(bytes), limit: bytes }
    }

    pub(super) fn up_to(limit: u64) -> Self {
        Self { exact: None, limit }
    }
}

/// Who asks servers.
#[derive(Debug)]
pub(super) struct Client {
    agent: Agent,
    idle: Duration,
}

impl Client {
    pub(super) fn new(options: &Options) -> Self {
        Self::trusting(options, RootCerts::WebPki)
    }

    /// With these certificate authorities.
    pub(super) fn trusting(options: &Options, roots: RootCerts) -> Self {
        let Options { connect_timeout, idle_timeout, .. } = *options;
        let config = Agent::config_builder()
            .tls_config(TlsConfig::builder().root_certs(roots).build())
            .http_status_as_error(false)
            .max_redirects(MAX_REDIRECTS)
            .user_agent(concat!("halfwave/", env!("CARGO_PKG_VERSION")))
            // The bytes as they are published: a server that packs them once more would change them.
            .accept_encoding("identity")
            // A server may close a connection that waits just as it is asked for the next file: that would look like a mirror that fails.
            .max_idle_connections(0)
            .timeout_resolve(Some(connect_timeout))
            .timeout_connect(Some(connect_timeout))
            .timeout_recv_response(Some(idle_timeout))
            .timeout_per_read(Some(idle_timeout))
            .build();
        Self { agent: config.new_agent(), idle: idle_timeout }
    }

    /// Completes `part`. What has arrived stays in it when this fails.
    pub(super) fn download(
        &self,
        url: &str,
        name: &str,
        part: &mut Part,
        size: Size,
        watch: &mut dyn Watch,
    ) -> Result<(), Stop> {
        if part.len() > size.limit {
            part.restart()?;
        }
        let mut tries = 1;
        loop {
            let before = part.len();
            if size.exact == Some(before) {
                return Ok(());
            }
            let tried = self.request(url, name, part, size, watch);
            watch.end();
            match tried {
                Err(Stop::Mirror(Why::Cut { .. } | Why::Slow { .. }))
                    if part.len() > before && tries < MAX_TRIES =>
                {
                    tries += 1;
                }
                done => return done,
            }
        }
    }

    fn request(
        &self,
        url: &str,
        name: &str,
        part: &mut Part,
        size: Size,
        watch: &mut dyn Watch,
    ) -> Result<(), Stop> {
        let secure = url.starts_with("https://");
        let from = part.len();
        let request = self.agent.get(url).config().https_only(secure).build();
        let request =
            if from > 0 { request.header("range", format!("bytes={from}-")) } else { request };
        let mut response = request.call().map_err(|error| self.why(error))?;
        let start = match response.status() {
            // All of it, asked for or not.
            StatusCode::OK => 0,
            StatusCode::PARTIAL_CONTENT if from > 0 && first_byte(&response) == Some(from) => from,
            // No such range, or another one: from the start.
            StatusCode::PARTIAL_CONTENT | StatusCode::RANGE_NOT_SATISFIABLE if from > 0 => {
                part.restart()?;
                return self.request(url, name, part, size, watch);
            }
            status => return Err(Why::Status(status.as_u16()).into()),
        };
        let announced = response.body().content_length().map(|rest| rest.saturating_add(start));
        match (announced, size.exact) {
            (Some(found), Some(expected)) if found != expected => {
                return Err(Why::Length { expected, found }.into());
            }
            (Some(found), None) if found > size.limit => {
                return Err(Why::TooLarge { limit: size.limit }.into());
            }
            _ => {}
        }
        if start < from {
            part.restart()?;
        }
        let total = size.exact.or(announced);
        watch.begin(name, start, total);
        self.receive(&mut response, part, size, total, watch)
    }

    fn receive(
        &self,
        response: &mut Response<Body>,
        part: &mut Part,
        size: Size,
        total: Option<u64>,
        watch: &mut dyn Watch,
    ) -> Result<(), Stop> {
        let mut body = response.body_mut().as_reader();
        let mut buffer = vec![0; 1 << 16];
        let (mut since, mut came) = (Instant::now(), 0);
        let ended = loop {
            let read = match body.read(&mut buffer) {
                Ok(0) => break None,
                Ok(read) => read,
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) => break Some(self.why(ureq::Error::from(error))),
            };
            let bytes = read as u64;
            if bytes > size.limit.saturating_sub(part.len()) {
                return Err(Why::TooLarge { limit: size.limit }.into());
            }
            part.write(&buffer[..read])?;
            watch.advance(bytes);
            came += bytes;
            if since.elapsed() >= self.idle {
                if came < MIN_BYTES {
                    break Some(self.slow());
                }
                (since, came) = (Instant::now(), 0);
            }
        };
        let found = part.len();
        match (ended, total) {
            (Some(why @ Why::Slow { .. }), _) => Err(why.into()),
            (_, Some(expected)) if found < expected => Err(Why::Cut { expected, found }.into()),
            (Some(why), _) => Err(why.into()),
            (None, _) => Ok(()),
        }
    }

    fn why(&self, error: ureq::Error) -> Why {
        match error {
            ureq::Error::Timeout(_) => self.slow(),
            ureq::Error::TooManyRedirects => Why::Redirects(MAX_REDIRECTS),
            ureq::Error::RequireHttpsOnly(_) => Why::Insecure,
            error => Why::Connection(error.to_string()),
        }
    }

    fn slow(&self) -> Why {
        Why::Slow { seconds: self.idle.as_secs() }
    }
}

/// Where the part that a server sends begins: `Content-Range: bytes FIRST-LAST/TOTAL`.
fn first_byte(response: &Response<Body>) -> Option<u64> {
    let range = response.headers().get("content-range")?.to_str().ok()?;
    range.strip_prefix("bytes ")?.split('-').next()?.parse().ok()
}
