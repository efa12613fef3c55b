//! What `mysqldump` writes of a WordPress: `wp_usermeta` before `wp_users`, one statement of many rows a line.

use std::io::{self, Write};

use super::pool::{self, Hash};
use super::user::{User, turn};

const ROWS_A_STATEMENT: u64 = 5_000;

const USERMETA: &str = "\
DROP TABLE IF EXISTS `wp_usermeta`;
/*!40101 SET @saved_cs_client     = @@character_set_client */;
/*!50503 SET character_set_client = utf8mb4 */;
CREATE TABLE `wp_usermeta` (
  `umeta_id` bigint unsigned NOT NULL AUTO_INCREMENT,
  `user_id` bigint unsigned NOT NULL DEFAULT '0',
  `meta_key` varchar(255) COLLATE utf8mb4_unicode_520_ci DEFAULT NULL,
  `meta_value` longtext COLLATE utf8mb4_unicode_520_ci,
  PRIMARY KEY (`umeta_id`),
  KEY `user_id` (`user_id`),
  KEY `meta_key` (`meta_key`(191))
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_520_ci;
/*!40101 SET character_set_client = @saved_cs_client */;
";

const USERS: &str = "\
DROP TABLE IF EXISTS `wp_users`;
/*!40101 SET @saved_cs_client     = @@character_set_client */;
/*!50503 SET character_set_client = utf8mb4 */;
CREATE TABLE `wp_users` (
  `ID` bigint unsigned NOT NULL AUTO_INCREMENT,
  `user_login` varchar(60) COLLATE utf8mb4_unicode_520_ci NOT NULL DEFAULT '',
  `user_pass` varchar(255) COLLATE utf8mb4_unicode_520_ci NOT NULL DEFAULT '',
  `user_nicename` varchar(50) COLLATE utf8mb4_unicode_520_ci NOT NULL DEFAULT '',
  `user_email` varchar(100) COLLATE utf8mb4_unicode_520_ci NOT NULL DEFAULT '',
  `user_url` varchar(100) COLLATE utf8mb4_unicode_520_ci NOT NULL DEFAULT '',
  `user_registered` datetime NOT NULL DEFAULT '0000-00-00 00:00:00',
  `user_activation_key` varchar(255) COLLATE utf8mb4_unicode_520_ci NOT NULL DEFAULT '',
  `user_status` int NOT NULL DEFAULT '0',
  `display_name` varchar(250) COLLATE utf8mb4_unicode_520_ci NOT NULL DEFAULT '',
  PRIMARY KEY (`ID`),
  KEY `user_login_key` (`user_login`),
  KEY `user_nicename` (`user_nicename`),
  KEY `user_email` (`user_email`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_520_ci;
/*!40101 SET character_set_client = @saved_cs_client */;
";

/// Rows of one table, a statement for every so many.
struct Inserts<'w> {
    out: &'w mut dyn Write,
    table: &'static str,
    rows: u64,
}

impl Inserts<'_> {
    fn row(&mut self, values: std::fmt::Arguments<'_>) -> io::Result<()> {
        match self.rows % ROWS_A_STATEMENT {
            0 if self.rows == 0 => write!(self.out, "INSERT INTO `{}` VALUES ", self.table)?,
            0 => write!(self.out, ";\nINSERT INTO `{}` VALUES ", self.table)?,
            _ => self.out.write_all(b",")?,
        }
        self.rows += 1;
        write!(self.out, "({values})")
    }
}

fn table<'w>(out: &'w mut dyn Write, name: &'static str, create: &str) -> io::Result<Inserts<'w>> {
    write!(
        out,
        "\n--\n-- Table structure for table `{name}`\n--\n\n{create}\n--\n-- Dumping data for table `{name}`\n--\n\n\
         LOCK TABLES `{name}` WRITE;\n/*!40000 ALTER TABLE `{name}` DISABLE KEYS */;\n"
    )?;
    Ok(Inserts { out, table: name, rows: 0 })
}

fn end(inserts: Inserts<'_>) -> io::Result<()> {
    let Inserts { out, table, rows } = inserts;
    let last = if rows > 0 { ";\n" } else { "" };
    write!(out, "{last}/*!40000 ALTER TABLE `{table}` ENABLE KEYS */;\nUNLOCK TABLES;\n")
}

/// Five rows of `wp_usermeta` a user, and passwords of four schemes in turn.
pub fn mysqldump(out: &mut dyn Write, count: u64) -> io::Result<()> {
    dump(out, count, 5)
}

/// Nine rows of `wp_usermeta` a user, as sites have them whose users sign in: four say nothing that is kept.
pub fn with_more_meta(out: &mut dyn Write, count: u64) -> io::Result<()> {
    dump(out, count, 9)
}

fn dump(out: &mut dyn Write, count: u64, rows: u64) -> io::Result<()> {
    write!(
        out,
        "-- MySQL dump 10.13  Distrib 8.0.40, for Linux (x86_64)\n--\n-- Host: localhost    Database: wordpress\n\
         -- ------------------------------------------------------\n-- Server version\t8.0.40\n\n\
         /*!40101 SET @OLD_CHARACTER_SET_CLIENT=@@CHARACTER_SET_CLIENT */;\n/*!50503 SET NAMES utf8mb4 */;\n\
         /*!40103 SET TIME_ZONE='+00:00' */;\n/*!40101 SET SQL_MODE='NO_AUTO_VALUE_ON_ZERO' */;\n"
    )?;
    let mut meta = table(out, "wp_usermeta", USERMETA)?;
    for user in User::all(count) {
        let n = user.0;
        let id = (n - 1) * rows;
        meta.row(format_args!("{},{n},'nickname','user{n}'", id + 1))?;
        meta.row(format_args!("{},{n},'description','Writes about \\\"things\\\";\\nand isn\\'t done'", id + 2))?;
        let (length, role) = if user.editor() { (6, "editor") } else { (10, "subscriber") };
        let roles = format_args!("a:1:{{s:{length}:\\\"{role}\\\";b:1;}}");
        meta.row(format_args!("{},{n},'wp_capabilities','{roles}'", id + 3))?;
        meta.row(format_args!("{},{n},'wp_user_level','0'", id + 4))?;
        match user.phone() {
            Some(phone) => meta.row(format_args!("{},{n},'billing_phone','{phone}'", id + 5))?,
            None => meta.row(format_args!("{},{n},'locale',''", id + 5))?,
        }
        if rows > 5 {
            meta.row(format_args!("{},{n},'rich_editing','true'", id + 6))?;
            meta.row(format_args!("{},{n},'show_admin_bar_front','true'", id + 7))?;
            meta.row(format_args!("{},{n},'dismissed_wp_pointers',''", id + 8))?;
            let session = format_args!(
                "a:1:{{s:64:\\\"{n:064x}\\\";a:4:{{s:10:\\\"expiration\\\";i:1790000000;s:2:\\\"ip\\\";s:9:\\\"192.0.2.1\\\";\
                 s:2:\\\"ua\\\";s:11:\\\"Mozilla/5.0\\\";s:5:\\\"login\\\";i:1788000000;}}}}"
            );
            meta.row(format_args!("{},{n},'session_tokens','{session}'", id + 9))?;
        }
    }
    end(meta)?;

    let pools = [pool::phpass, pool::bcrypt, pool::argon2id, pool::md5].map(pool::pool);
    let mut users = table(out, "wp_users", USERS)?;
    for user in User::all(count) {
        let n = user.0;
        let (scheme, entry) = turn(user, pools.len());
        let Hash { hash, .. } = &pools[scheme][entry];
        let (email, name) = (user.email(), user.name().replace('\'', "\\'"));
        let registered = jiff::Timestamp::from_second(user.created().cast_signed()).map_err(io::Error::other)?;
        users.row(format_args!(
            "{n},'user{n}','{hash}','user{n}','{email}','','{}','',0,'{name}'",
            registered.strftime("%Y-%m-%d %H:%M:%S")
        ))?;
    }
    end(users)?;
    writeln!(out, "\n-- Dump completed")
}
