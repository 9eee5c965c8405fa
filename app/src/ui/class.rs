//! Class names put together.
//!
//! Fixed sets are joined at compile time by `tailwind_rs_macros::classes!` or stand as constants, where Tailwind's
//! scanner finds them; [`cx`] joins what is only known at run time.

/// Joins class lists with single spaces, leaving out the empty ones.
pub fn cx(parts: &[&str]) -> String {
    let mut joined = String::with_capacity(parts.iter().map(|part| part.len() + 1).sum());
    for part in parts {
        let part = part.trim();
        if part.is_empty() {
            continue;
        }
        if !joined.is_empty() {
            joined.push(' ');
        }
        joined.push_str(part);
    }
    joined
}

#[cfg(test)]
mod tests {
    use super::cx;

    #[test]
    fn joins_and_skips_the_empty() {
        assert_eq!(cx(&["a b", "", "  ", " c "]), "a b c");
        assert_eq!(cx(&[]), "");
        assert_eq!(cx(&["", "only"]), "only");
    }
}
