//! The parts of the pages, each with its CSS beside it.

pub mod announcer;
pub mod clipboard;
pub mod composer;
pub mod connection;
pub mod conversation_page;
pub mod face;
pub mod focus;
pub mod icons;
pub mod logo;
pub mod me_menu;
pub mod members;
pub mod message;
pub mod message_list;
pub mod people_pane;
pub mod picker;
pub mod settings;
pub mod sidebar;
pub mod typing_line;
