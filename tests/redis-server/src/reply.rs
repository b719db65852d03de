//! Just enough of the protocol to ask a server how it is.

use std::{
    fmt::Write as _,
    io::{self, BufRead, BufReader, Write},
    os::unix::net::UnixStream,
    path::Path,
    time::Duration,
};

/// An answer of the server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RedisReply {
    /// Nothing.
    Nil,
    /// A number.
    Int(i64),
    /// A status or a string; bytes that are not UTF-8 are replaced.
    Text(String),
    /// An error, with its code in front.
    Error(String),
    /// Several answers.
    List(Vec<RedisReply>),
}

impl RedisReply {
    /// The text of a status or a string.
    ///
    /// # Panics
    ///
    /// Where the answer is something else.
    pub fn text(&self) -> &str {
        match self {
            Self::Text(text) => text,
            other => panic!("the server answers with a text, not {other:?}"),
        }
    }

    /// The number.
    ///
    /// # Panics
    ///
    /// Where the answer is something else.
    pub fn int(&self) -> i64 {
        match self {
            Self::Int(number) => *number,
            other => panic!("the server answers with a number, not {other:?}"),
        }
    }
}

/// Asks the server behind this socket; an error where it does not answer within ten seconds.
pub(crate) fn ask(socket: &Path, password: Option<&str>, words: &[&str]) -> io::Result<RedisReply> {
    let mut stream = UnixStream::connect(socket)?;
    stream.set_read_timeout(Some(Duration::from_secs(10)))?;
    let mut reader = BufReader::new(stream.try_clone()?);
    if let Some(password) = password {
        send(&mut stream, &["AUTH", password])?;
        receive(&mut reader)?;
    }
    send(&mut stream, words)?;
    receive(&mut reader)
}

/// Sends one command.
fn send(stream: &mut impl Write, words: &[&str]) -> io::Result<()> {
    let mut text = format!("*{}\r\n", words.len());
    for word in words {
        _ = write!(text, "${}\r\n{word}\r\n", word.len());
    }
    stream.write_all(text.as_bytes())
}

/// Reads one answer.
fn receive(stream: &mut impl BufRead) -> io::Result<RedisReply> {
    let mut line = String::new();
    if stream.read_line(&mut line)? == 0 {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    let line = line.trim_end();
    let rest = line.get(1..).unwrap_or_default();
    let number = || rest.parse::<i64>().map_err(io::Error::other);
    match line.as_bytes().first() {
        Some(b'+') => Ok(RedisReply::Text(rest.to_owned())),
        Some(b'-') => Ok(RedisReply::Error(rest.to_owned())),
        Some(b':') => Ok(RedisReply::Int(number()?)),
        Some(b'$') => string(stream, number()?),
        Some(b'*') => list(stream, number()?),
        _ => Err(io::Error::other(format!("`{line}` is not an answer"))),
    }
}

fn string(stream: &mut impl BufRead, length: i64) -> io::Result<RedisReply> {
    let Ok(length) = usize::try_from(length) else { return Ok(RedisReply::Nil) };
    let mut bytes = vec![0; length + 2];
    stream.read_exact(&mut bytes)?;
    Ok(RedisReply::Text(String::from_utf8_lossy(&bytes[..length]).into_owned()))
}

fn list(stream: &mut impl BufRead, length: i64) -> io::Result<RedisReply> {
    let Ok(length) = usize::try_from(length) else { return Ok(RedisReply::Nil) };
    (0..length).map(|_| receive(stream)).collect::<io::Result<_>>().map(RedisReply::List)
}
