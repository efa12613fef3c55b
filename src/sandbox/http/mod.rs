//! One request and its answer: parameters, who asks, and what is shown.

pub mod answer;
pub mod call;
pub mod caller;
pub mod cookies;
pub mod origin;
pub mod password;
pub mod view;
