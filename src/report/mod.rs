//! What people decide by: summary, HTML, JSON, rejects, reset list, id map.
