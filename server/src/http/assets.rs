//! The built site (WASM, styles, fonts): inside the binary in release, from the site folder in development.

use std::{
    collections::HashMap,
    io::Write,
    path::{Component, Path, PathBuf},
    sync::{Arc, OnceLock},
};

use axum::{
    body::{Body, Bytes},
    http::{HeaderMap, HeaderValue, Method, StatusCode, header},
    response::{IntoResponse, Response},
};
use leptos::{WasmSplitManifest, prelude::ArcStoredValue};
use sha2::{Digest, Sha256};

#[derive(rust_embed::RustEmbed)]
#[folder = "$CARGO_MANIFEST_DIR/../target/site"]
struct Embedded;

/// Where files come from.
#[derive(Clone, Debug)]
pub enum Assets {
    /// Inside the binary.
    Embedded(Arc<HashMap<String, Asset>>),
    /// A folder, read at each request, so that a rebuilt site shows at once.
    Folder(PathBuf),
}

/// A file in memory, compressed once.
#[derive(Debug)]
pub struct Asset {
    bytes: Bytes,
    content_type: String,
    etag: String,
    brotli: OnceLock<Bytes>,
}

impl Asset {
    fn new(path: &str, bytes: Bytes) -> Self {
        let etag = format!("\"{}\"", hex::encode(Sha256::digest(&bytes).get(..12).unwrap_or_default()));
        Self { content_type: content_type(path), etag, bytes, brotli: OnceLock::new() }
    }
}

fn content_type(path: &str) -> String {
    let mime = mime_guess::from_path(path).first_or_octet_stream();
    if mime.type_() == "text" || mime.subtype() == "javascript" {
        format!("{mime}; charset=utf-8")
    } else {
        mime.to_string()
    }
}

impl Assets {
    /// The embedded site, or `folder` where one is given or the binary carries none (a development build).
    pub fn open(folder: Option<PathBuf>) -> Self {
        if let Some(folder) = folder {
            return Self::Folder(folder);
        }
        if cfg!(debug_assertions) {
            return Self::Folder(PathBuf::from("target/site"));
        }
        let files: HashMap<String, Asset> = Embedded::iter()
            .filter_map(|path| {
                let file = Embedded::get(&path)?;
                Some((path.to_string(), Asset::new(&path, Bytes::from(file.data.into_owned()))))
            })
            .collect();
        let files = Arc::new(files);
        // Strong compression takes seconds; until it is done, files go out as they are.
        let background = Arc::clone(&files);
        std::thread::spawn(move || {
            for asset in background.values().filter(|asset| compressible(&asset.content_type)) {
                if let Some(small) = brotli(&asset.bytes) {
                    let _ = asset.brotli.set(small);
                }
            }
        });
        Self::Embedded(files)
    }

    /// Which modules the browser needs for which pages, so that it can be told early. Of a folder, Leptos reads it itself.
    pub fn modules(&self) -> Option<WasmSplitManifest> {
        // The embedded site never changes.
        static MODULES: OnceLock<Option<WasmSplitManifest>> = OnceLock::new();
        let Self::Embedded(files) = self else { return None };
        let read = || {
            let modules = serde_json::from_slice(&files.get("pkg/__wasm_split_manifest.json")?.bytes).ok()?;
            let loader = "__wasm_split.______________________.js".to_owned();
            Some(WasmSplitManifest(ArcStoredValue::new(("/pkg".to_owned(), modules, loader))))
        };
        MODULES.get_or_init(read).clone()
    }

    /// The file at `path`, if there is one.
    pub async fn serve(&self, method: &Method, path: &str, headers: &HeaderMap) -> Option<Response> {
        if !matches!(*method, Method::GET | Method::HEAD) {
            return None;
        }
        let path = path.trim_start_matches('/');
        if path.is_empty() {
            return None;
        }
        match self {
            Self::Embedded(files) => files.get(path).map(|asset| answer(asset, path, headers)),
            Self::Folder(folder) => {
                let file = inside(folder, path)?;
                let bytes = tokio::fs::read(file).await.ok()?;
                Some(answer(&Asset::new(path, bytes.into()), path, headers))
            }
        }
    }
}

/// The file below `folder`, never outside it.
fn inside(folder: &Path, path: &str) -> Option<PathBuf> {
    let path = Path::new(path);
    path.components().all(|part| matches!(part, Component::Normal(_))).then(|| folder.join(path))
}

fn answer(asset: &Asset, path: &str, headers: &HeaderMap) -> Response {
    let cache = if path.starts_with("fonts/") { "public, max-age=31536000, immutable" } else { "public, no-cache" };
    let mut response = if headers.get(header::IF_NONE_MATCH).is_some_and(|tag| tag.as_bytes() == asset.etag.as_bytes())
    {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        let accepts = headers
            .get(header::ACCEPT_ENCODING)
            .and_then(|value| value.to_str().ok())
            .is_some_and(|value| value.split(',').any(|coding| coding.trim().split(';').next() == Some("br")));
        match asset.brotli.get().filter(|_| accepts) {
            Some(small) => {
                let mut response = Response::new(Body::from(small.clone()));
                response.headers_mut().insert(header::CONTENT_ENCODING, HeaderValue::from_static("br"));
                response
            }
            None => Response::new(Body::from(asset.bytes.clone())),
        }
    };
    let out = response.headers_mut();
    for (name, value) in [
        (header::CONTENT_TYPE, asset.content_type.as_str()),
        (header::ETAG, &asset.etag),
        (header::CACHE_CONTROL, cache),
        (header::VARY, "accept-encoding"),
    ] {
        if let Ok(value) = HeaderValue::from_str(value) {
            out.insert(name, value);
        }
    }
    response
}

fn compressible(content_type: &str) -> bool {
    ["text/", "application/wasm", "application/json", "image/svg", "application/manifest"]
        .iter()
        .any(|kind| content_type.starts_with(kind))
}

fn brotli(bytes: &[u8]) -> Option<Bytes> {
    let mut out = Vec::new();
    let mut writer = brotli::CompressorWriter::new(&mut out, 1 << 16, 11, 22);
    writer.write_all(bytes).ok()?;
    drop(writer);
    (out.len() < bytes.len()).then(|| out.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_never_leaves_the_folder() {
        let root = Path::new("/site");
        assert_eq!(inside(root, "pkg/a.js"), Some(PathBuf::from("/site/pkg/a.js")));
        for path in ["../etc/passwd", "a/../../b", "/etc/passwd", "./a"] {
            assert_eq!(inside(root, path), None, "{path}");
        }
    }

    #[test]
    fn compression_round_trips() {
        let text = "arctiv ".repeat(1000);
        let small = brotli(text.as_bytes()).unwrap();
        let mut back = Vec::new();
        std::io::Read::read_to_end(&mut brotli::Decompressor::new(&small[..], 4096), &mut back).unwrap();
        assert_eq!(back, text.as_bytes());
    }
}
