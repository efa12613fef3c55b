//! A map with few keys, each counted a million times.

/// Keys in order, with their values. Found by walking along them: mostly there are a handful (schemes, work factors, kinds of
/// problems), and comparing with each costs less than a search. Callers bound how many there can be.
#[derive(Debug, Clone)]
pub(super) struct SmallMap<K, V>(Vec<(K, V)>);

impl<K, V> Default for SmallMap<K, V> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<K: Ord, V: Default> SmallMap<K, V> {
    /// The value of that key, made if there is none.
    #[inline]
    pub fn entry(&mut self, key: K) -> &mut V {
        let at = match self.0.iter().position(|(known, _)| *known == key) {
            Some(at) => at,
            None => self.insert(key),
        };
        &mut self.0[at].1
    }

    #[cold]
    fn insert(&mut self, key: K) -> usize {
        let at = self.0.partition_point(|(known, _)| *known < key);
        self.0.insert(at, (key, V::default()));
        at
    }

    /// Whether there is a value of that key.
    pub fn contains(&self, key: &K) -> bool {
        self.0.iter().any(|(known, _)| known == key)
    }

    /// How many keys there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Keys and values, in the order of the keys.
    pub fn iter(&self) -> impl Iterator<Item = (&K, &V)> {
        self.0.iter().map(|(key, value)| (key, value))
    }

    /// The values, in the order of the keys.
    pub fn values(&self) -> impl Iterator<Item = &V> {
        self.0.iter().map(|(_, value)| value)
    }
}

impl<K, V> IntoIterator for SmallMap<K, V> {
    type Item = (K, V);
    type IntoIter = std::vec::IntoIter<(K, V)>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    proptest::proptest! {
        #[test]
        fn it_counts_as_a_map_does(keys in proptest::collection::vec(0..9_u8, 0..40)) {
            let (mut small, mut map) = (SmallMap::default(), BTreeMap::new());
            for key in keys {
                *small.entry(key) += 1;
                *map.entry(key).or_insert(0) += 1;
            }
            proptest::prop_assert!(small.iter().eq(&map) && small.values().eq(map.values()));
            proptest::prop_assert!(small.len() == map.len() && map.keys().all(|key| small.contains(key)));
        }
    }
}
