//! One byte, as JSON, addresses and HTML spell it.

/// Whether an escape begins so.
pub(super) const fn is_escape(byte: u8) -> bool {
    matches!(byte, b'\\' | b'%' | b'&')
}

/// The byte that an escape at `at` stands for, and where the escape ends; `None` where there is none.
pub(super) fn unit(bytes: &[u8], at: usize) -> Option<(u8, usize)> {
    match bytes.get(at)? {
        b'\\' => backslashed(bytes, at),
        b'%' => percent(bytes, at),
        b'&' => entity(bytes, at),
        _ => None,
    }
}

/// `\/`, `\u0073`, `\x73`, with as many backslashes as there are JSON texts within JSON texts.
fn backslashed(bytes: &[u8], at: usize) -> Option<(u8, usize)> {
    let next = at + bytes[at..].iter().take_while(|byte| **byte == b'\\').count();
    let is_zero = |text: Option<&[u8]>| text == Some(b"00");
    match bytes.get(next)? {
        b'u' if is_zero(bytes.get(next + 1..next + 3)) => hex(bytes, next + 3),
        b'x' => hex(bytes, next + 1).or(Some((b'x', next + 1))),
        byte => Some((*byte, next + 1)),
    }
}

/// `%73`, and `%2573` where an address was put into an address.
fn percent(bytes: &[u8], at: usize) -> Option<(u8, usize)> {
    let (byte, next) = hex(bytes, at + 1)?;
    let again = if byte == b'%' { hex(bytes, next) } else { None };
    again.or(Some((byte, next)))
}

/// `&#115;` and `&#x73;`.
fn entity(bytes: &[u8], at: usize) -> Option<(u8, usize)> {
    let rest = bytes.get(at..)?.strip_prefix(b"&#")?;
    let end = rest.iter().take(6).position(|byte| *byte == b';')?;
    let digits = std::str::from_utf8(&rest[..end]).ok()?;
    let byte = match digits.strip_prefix(['x', 'X']) {
        Some(hex) => u8::from_str_radix(hex, 16),
        None => digits.parse(),
    };
    Some((byte.ok()?, at + 2 + end + 1))
}

fn hex(bytes: &[u8], at: usize) -> Option<(u8, usize)> {
    let digits = bytes.get(at..at + 2).filter(|digits| digits.iter().all(u8::is_ascii_hexdigit))?;
    let byte = u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?;
    Some((byte, at + 2))
}
